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
	"caretaker/internal/want"
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
			oneError(t, report, err, test.want)
			for _, not := range test.not {
				if strings.Contains(report.Errors[0], not) {
					t.Errorf("the error says %q, want nothing of that: %s", not, report.Errors[0])
				}
			}
			want.Equal(t, "deletions", len(w.Deletions()), 0)
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
					t.Errorf("%s was asked %d times, want at most %d", operation, asked, 40+inFlight)
				}
				want.Equal(t, "lists asked for with credentials that have ended", w.called("Lambda.ListVersionsByFunction")-listed, 0)
				deleted := len(w.Deletions())
				want.Equal(t, "versions not verified", report.Outcomes[NotVerified], deleted)
				want.Equal(t, "versions remaining", report.Outcomes[Remaining], 100-deleted)
				want.Equal(t, "the reason for orders:1", decisions["orders:1"].Reason, LoggedOut)
			})
		}
	}
}

func (w *world) onlyEnded(t *testing.T, report Report, err error) {
	t.Helper()
	var ended CredentialsError
	if !errors.As(err, &ended) {
		t.Errorf("the error: %v, want that credentials have ended", err)
	}
	if text := fmt.Sprint(err); strings.Contains(text, "\n") || !strings.HasPrefix(text, credentialsEnded) {
		t.Errorf("the error: %q, want one line that begins with %q", text, credentialsEnded)
	}
	if len(report.Errors) > 1 {
		t.Errorf("the errors of the report: %q, want at most one", report.Errors)
	}
}

func TestHandle_saysOnceThatTheCredentialsEndedBeforeItVerified(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.ListVersionsByFunction", func(int, string) (int, string) { return http.StatusForbidden, "ExpiredTokenException" })
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	w.onlyEnded(t, report, err)
	want.Equal(t, "versions not verified", report.Outcomes[NotVerified], 5)
	want.Equal(t, "the storage's limit, which nobody could ask for", report.After.Limit, 0)
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
		t.Errorf("aliases were asked for %d times, want at most %d", asked, 2*inFlight)
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
	want.Says(t, "the error", fmt.Sprint(err), "the SSO session has expired")
}
