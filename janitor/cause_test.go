package janitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"caretaker/internal/emulator/lambdasim"
)

func TestHandle_advisesByTheCause(t *testing.T) {
	for name, test := range map[string]struct {
		operation string
		status    int
		code      string
		want      string
		not       []string
	}{
		"denied with 403": {"Lambda.ListAliases", http.StatusForbidden, "AccessDeniedException", "grant lambda:ListAliases on arn:*:lambda:*:*:function:*)", nil},
		"denied with 400": {"Pipes.ListPipes", http.StatusBadRequest, "AccessDeniedException", "grant pipes:ListPipes on * or switch off janitor.checks.pipes", nil},
		"denied in XML":   {"CloudFormation.ListStacks", http.StatusForbidden, "AccessDenied", "grant cloudformation:ListStacks on *", nil},
		"throttled":       {"Lambda.ListAliases", http.StatusTooManyRequests, "TooManyRequestsException", "or lower janitor.rate", []string{"grant", "switch off"}},
		"throttled elsewhere": {
			"Pipes.ListPipes", http.StatusBadRequest, "ThrottlingException", "AWS allows no more calls just now",
			[]string{"grant", "switch", "janitor.rate"},
		},
		"a fault":   {"Lambda.ListAliases", http.StatusInternalServerError, "ServiceException", "a fault of AWS's", []string{"grant", "switch"}},
		"no answer": {"Lambda.ListAliases", lost, "", "no answer came from AWS", []string{"grant", "switch"}},
		"a refusal": {"Pipes.ListPipes", http.StatusBadRequest, "ValidationException", "not about permissions; switching off janitor.checks.pipes", []string{"grant"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			w.on(test.operation, func(int, string) (int, string) { return test.status, test.code })
			report, _, err := w.handle(t.Context(), earnest(), Options{})
			if err == nil || len(report.Errors) != 1 || !strings.Contains(report.Errors[0], test.want) {
				t.Fatalf("%q is not in %q", test.want, report.Errors)
			}
			for _, not := range test.not {
				if strings.Contains(report.Errors[0], not) {
					t.Errorf("%q is in %q", not, report.Errors[0])
				}
			}
			if len(w.Deletions()) > 0 {
				t.Error("something was deleted")
			}
		})
	}
}

// The credentials of a Lambda function outlive a run; those of a person may not.
func TestHandle_stopsWithTheFirstAnswerThatTheCredentialsHaveEnded(t *testing.T) {
	for _, code := range []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId"} {
		for _, operation := range []string{"Lambda.DeleteFunction", "Lambda.GetPolicy"} {
			t.Run(code+" "+operation, func(t *testing.T) {
				w := newWorld(t, lambdasim.Options{}, lambda("orders", 103))
				ended := false
				w.on(operation, func(n int, _ string) (int, string) {
					if n <= 40 {
						return 0, ""
					}
					ended = true
					return http.StatusForbidden, code
				})
				listed := w.called("Lambda.ListVersionsByFunction")
				w.on("Lambda.ListVersionsByFunction", func(int, string) (int, string) { return http.StatusForbidden, code })
				report, decisions, err := w.handle(t.Context(), earnest(), Options{})
				if !ended {
					t.Fatal("the credentials never ended")
				}
				w.onlyEnded(t, report, err)
				if asked := w.called(operation); asked > 40+inFlight {
					t.Errorf("%s was asked %d times", operation, asked)
				}
				if w.called("Lambda.ListVersionsByFunction") != listed {
					t.Error("it went on asking with credentials that have ended")
				}
				deleted := len(w.Deletions())
				if report.Outcomes[NotVerified] != deleted || report.Outcomes[Remaining] != 100-deleted || decisions["orders:1"].Reason != LoggedOut {
					t.Errorf("%d were deleted, and the report says %v; orders:1 is %+v", deleted, report.Outcomes, decisions["orders:1"])
				}
			})
		}
	}
}

func (w *world) onlyEnded(t *testing.T, report Report, err error) {
	t.Helper()
	var ended CredentialsError
	if !errors.As(err, &ended) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), credentialsEnded) {
		t.Errorf("the error is %v", err)
	}
	if len(report.Errors) > 1 {
		t.Errorf("the errors are %q", report.Errors)
	}
}

func TestHandle_saysOnceThatTheCredentialsEndedBeforeItVerified(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.ListVersionsByFunction", func(int, string) (int, string) { return http.StatusForbidden, "ExpiredTokenException" })
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	w.onlyEnded(t, report, err)
	if report.Outcomes[NotVerified] != 5 || report.After.Limit != 0 {
		t.Errorf("the report says %v, and %v of storage", report.Outcomes, report.After)
	}
}

func TestPlan_stopsWithTheFirstAnswerThatTheCredentialsHaveEnded(t *testing.T) {
	functions := make([]lambdasim.Function, 60)
	for position := range functions {
		functions[position] = lambda(fmt.Sprint("orders-", position), 8)
	}
	w := newWorld(t, lambdasim.Options{}, functions...)
	w.on("Lambda.ListAliases", func(int, string) (int, string) { return http.StatusForbidden, "ExpiredTokenException" })
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	w.onlyEnded(t, report, err)
	if asked := w.called("Lambda.ListAliases"); asked > 2*inFlight {
		t.Errorf("it asked %d times", asked)
	}
}

// ssoEnded is single sign-on whose session is over.
type ssoEnded struct{}

func (ssoEnded) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, errors.New("the SSO session has expired or is invalid")
}

func TestPlan_knowsCredentialsThatCannotBeHad(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.config.Credentials = ssoEnded{}
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	w.onlyEnded(t, report, err)
	if !strings.Contains(err.Error(), "the SSO session has expired") {
		t.Errorf("the error is %v", err)
	}
}
