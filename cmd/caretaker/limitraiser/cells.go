package limitraiser

import (
	"fmt"
	"math"
	"strconv"
	"time"

	limitraiser "caretaker/limit-raiser"
)

// number writes units for people: whole ones without a fraction.
func number(value float64) string {
	if value == float64(int64(value)) {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'f', 1, 64)
}

// change is empty where there is nothing that could be raised.
func change(means limitraiser.Means, value float64) string {
	if means == limitraiser.NoMeans && value == 0 {
		return ""
	}
	return number(value)
}

// roundCents leaves no tenths of cents in JSON.
func roundCents(dollars float64) float64 { return math.Round(dollars*100) / 100 }

// dollars is empty for what costs nothing.
func dollars(value float64) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf("$%.2f", value)
}

// because is a reason with its detail.
func because(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}

func utc(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") }
