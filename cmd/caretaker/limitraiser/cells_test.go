package limitraiser

import "testing"

func TestNumbers_readWell(t *testing.T) {
	for got, want := range map[string]string{
		whole(1234567.4): "1,234,567", whole(999): "999", whole(0): "0", number(12): "12", number(12.34): "12.3",
		cents(0.1234): "$0.123", cents(12.346): "$12.35", dollars(0): "", dollars(2): "$2.00",
		because("short", ""): "short", because("short", "by 5"): "short: by 5",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
