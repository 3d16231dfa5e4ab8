package emulator

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// SetStack tags a function as CloudFormation tags those it deploys, which the
// emulator's CloudFormation does too: this is for functions made otherwise.
// The function is a name or an ARN in the account and Region of Options.
func (e *Emulator) SetStack(ctx context.Context, function, stackID string) error {
	name, _, _ := splitReference(function)
	_, stack, _ := strings.Cut(stackID, ":stack/")
	stack, _, _ = strings.Cut(stack, "/")
	arn := "arn:aws:lambda:" + e.options.Region + ":" + e.options.Account + ":function:" + name
	_, err := lambdasvc.NewFromConfig(e.direct()).TagResource(ctx, &lambdasvc.TagResourceInput{
		Resource: &arn,
		Tags:     map[string]string{"aws:cloudformation:stack-id": stackID, "aws:cloudformation:stack-name": stack},
	})
	if err != nil {
		return fmt.Errorf("setting the stack of %s: %w", function, err)
	}
	return nil
}

// SetStackStatus makes CloudFormation show a stack in another status, such as
// UPDATE_ROLLBACK_FAILED. The stack is a name; an empty status takes it back.
func (e *Emulator) SetStackStatus(stack, status string) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	if e.memory.stacks == nil {
		e.memory.stacks = map[string]string{}
	}
	if e.memory.stacks[stack] = status; status == "" {
		delete(e.memory.stacks, stack)
	}
}

var (
	member      = regexp.MustCompile(`(?s)<member>.*?</member>`)
	stackStatus = regexp.MustCompile(`<StackStatus>([^<]*)</StackStatus>`)
)

// listStacks shows the statuses that tests set, and filters by them.
func listStacks(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() || !x.playsStacks() {
		return given, err
	}
	form, err := url.ParseQuery(string(x.body))
	if err != nil {
		return nil, err
	}
	var wanted []string
	for name, values := range form {
		if strings.HasPrefix(name, "StackStatusFilter.member.") {
			wanted = append(wanted, values...)
		}
	}
	all, err := x.askForm("cloudformation", url.Values{"Action": {"ListStacks"}, "Version": {"2010-05-15"}})
	if err != nil || !all.ok() {
		return all, err
	}
	body := member.ReplaceAllStringFunc(x.withStatuses(string(all.body)), func(stack string) string {
		status := stackStatus.FindStringSubmatch(stack)
		if len(wanted) > 0 && (status == nil || !slices.Contains(wanted, status[1])) {
			return ""
		}
		return stack
	})
	return &answer{status: given.status, header: given.header, body: []byte(body)}, nil
}

// describeStacks shows the statuses that tests set.
func describeStacks(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err == nil && given.ok() && x.playsStacks() {
		given.body = []byte(x.withStatuses(string(given.body)))
	}
	return given, err
}

func (x *exchange) playsStacks() bool {
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	return len(x.memory.stacks) > 0
}

func (x *exchange) withStatuses(body string) string {
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	for stack, status := range x.memory.stacks {
		one := regexp.MustCompile(`(?s)(<StackName>` + regexp.QuoteMeta(stack) + `</StackName>.*?<StackStatus>)[^<]*`)
		body = one.ReplaceAllString(body, "${1}"+status)
	}
	return body
}
