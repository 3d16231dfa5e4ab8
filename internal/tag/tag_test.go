package tag

import "testing"

func TestMisspelt_isWhatBeginsLikeATagOfOursAndIsNone(t *testing.T) {
	for key, want := range map[string]bool{
		"caretaker:janitor": false, "caretaker:keep": false, "caretaker:keep-until": false, "caretaker:logs": false, "caretaker:raise": false, "caretaker:warm": false, "caretaker:stage": false,
		"caretaker:service": false, "caretaker:severity": false, "caretaker:alarms": false, "caretaker:alarm.errors": false,
		"caretaker:alarm": true, "caretaker:alarm.": true, "Caretaker:alarm.errors": true,
		"caretaker:keep_until": true, "caretaker:keepuntil": true, "caretaker:Janitor": true, "Caretaker:janitor": true,
		"CARETAKER:keep": true, "caretaker:": true, "caretaker:janitor ": true, "caretaker:log": true,
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
