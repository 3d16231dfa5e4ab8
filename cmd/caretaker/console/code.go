package console

import "fmt"

// Code is an exit code.
type Code int

// The exit codes.
const (
	Done       Code = 0
	Failed     Code = 1
	Misused    Code = 2
	BeltClosed Code = 3
	WorkLeft   Code = 4
)

// String is the code in words.
func (c Code) String() string {
	switch c {
	case Done:
		return "well"
	case BeltClosed:
		return "belt closed"
	case WorkLeft:
		return "work left"
	default:
		return "in error"
	}
}

// ExitCodes says what they mean.
const ExitCodes = "Exit codes: 0 done or nothing to do, 1 error, 2 usage or configuration, " +
	"3 a safety belt closed, 4 stopped with work left, or something is amiss (status, alerts coverage and lint)."

// Ending is the error of a command that ends with a code of its own.
type Ending struct {
	Code Code
	// Cause is what there is to say still; nil when the output has said it all.
	Cause error
}

// Error is the cause's.
func (e Ending) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Cause.Error()
}

// Unwrap is the cause.
func (e Ending) Unwrap() error { return e.Cause }

// Misuse is the error of a command that was given what it does not take.
func Misuse(format string, values ...any) error {
	return Ending{Misused, fmt.Errorf(format, values...)}
}

// Worse is the code to end with when two Regions ended differently.
func Worse(a, b Code) Code {
	for _, bad := range []Code{Failed, Misused, BeltClosed, WorkLeft} {
		if a == bad || b == bad {
			return bad
		}
	}
	return Done
}
