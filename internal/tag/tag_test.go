package tag

import "testing"

func TestMisspelt_isWhatBeginsLikeATagOfOursAndIsNone(t *testing.T) {
	for key, want := range map[string]bool{
		"caretaker:janitor": false, "caretaker:keep": false, "caretaker:keep-until": false, "caretaker:raise": false, "caretaker:stage": false,
		"caretaker:keep_until": true, "caretaker:keepuntil": true, "caretaker:Janitor": true, "Caretaker:janitor": true,
		"CARETAKER:keep": true, "caretaker:": true, "caretaker:janitor ": true,
		"caretaker": false, "team": false, "aws:cloudformation:stack-id": false, "my-caretaker:janitor": false,
	} {
		got := Misspelt(map[string]string{"team": "shop", key: "off"})
		if (got == key) != want {
			t.Errorf("%q: %q", key, got)
		}
	}
	if got := Misspelt(map[string]string{"caretaker:b": "", "caretaker:a": ""}); got != "caretaker:a" {
		t.Errorf("of two %q is named", got)
	}
}
