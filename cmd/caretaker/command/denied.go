package command

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Denied gathers what AWS denied a command, whoever reports it: at the end it is said once, with all that
// the command needs. The zero value has nothing.
type Denied struct {
	mutex sync.Mutex
	calls map[string]bool
}

// Calls are the denied ones, each once, such as Lambda ListFunctions.
func (d *Denied) Calls() []string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return slices.Sorted(maps.Keys(d.calls))
}

// denials are the codes by which services deny a permission; some put a name before them.
var denials = []string{"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation"}

// watch notes the denied calls of every client that is made from the settings.
func (d *Denied) watch(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("DeniedCalls", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		var answered smithy.APIError
		if errors.As(err, &answered) {
			code := answered.ErrorCode()
			if slices.Contains(denials, code[strings.LastIndexAny(code, ".#")+1:]) {
				d.note(awsmiddleware.GetServiceID(ctx) + " " + awsmiddleware.GetOperationName(ctx))
			}
		}
		return out, metadata, err
	}), middleware.Before)
}

func (d *Denied) note(call string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.calls == nil {
		d.calls = map[string]bool{}
	}
	d.calls[call] = true
}
