package paging

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/middleware"
)

// Cutter stands in the SDK's clients and hands out each list in the smallest pages that AWS may
// make: an empty one, which is not the last, then each item on one of its own, and an empty one in
// the end. Of a metric each data point is an item.
type Cutter struct {
	operations map[reflect.Type]operation
	sites      []Site
	// withheld is the site that gets the first page alone, as if it asked for no other.
	withheld *Site

	mutex sync.Mutex
	given int
	// unread are the pages that were announced and not asked for yet, by their tokens.
	unread map[string]rest
	begun  map[Site]bool
}

// rest is what comes of a list.
type rest struct {
	site  Site
	asked string
	pages []reflect.Value
}

// Attach puts the cutter into all clients made of this configuration.
func (c *Cutter) Attach(cfg *aws.Config) {
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("CutIntoPages", c.initialize), middleware.Before)
	})
}

func (c *Cutter) initialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	input := reflect.ValueOf(in.Parameters).Elem()
	one, paged := c.operations[input.Type()]
	if !paged {
		return next.HandleInitialize(ctx, in)
	}
	site, ours := c.caller(one.name)
	if !ours { // a test asks for itself
		return next.HandleInitialize(ctx, in)
	}
	asked, token := one.withToken(input, nil), aws.ToString(stringOf(input.FieldByName(one.token)))
	fetch := func(token *string) (reflect.Value, error) {
		out, _, err := next.HandleInitialize(ctx, middleware.InitializeInput{Parameters: one.withToken(input, token).Addr().Interface()})
		if err != nil {
			return reflect.Value{}, err
		}
		result := reflect.ValueOf(out.Result).Elem()
		page := copyOf(result)
		result.SetZero() // some clients write every answer to a call into the same output
		return page, nil
	}
	page, err := c.page(one, site, textOf(asked), token, fetch)
	if err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	return middleware.InitializeOutput{Result: page.Addr().Interface()}, middleware.Metadata{}, nil
}

// page is the first page of a list, or the one that a token stands for.
func (c *Cutter) page(one operation, site Site, asked, token string, fetch func(*string) (reflect.Value, error)) (reflect.Value, error) {
	if token == "" {
		whole, err := one.whole(fetch)
		if err != nil {
			return reflect.Value{}, err
		}
		return c.hand(one, rest{site, asked, one.cut(whole)}), nil
	}
	c.mutex.Lock()
	left, known := c.unread[asked+token]
	delete(c.unread, asked+token)
	c.mutex.Unlock()
	if !known {
		return reflect.Value{}, fmt.Errorf("%s asks for the page %q, which no answer to the same question announced", site, token)
	}
	return c.hand(one, left), nil
}

// hand gives the next page and announces the one after it.
func (c *Cutter) hand(one operation, left rest) reflect.Value {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	page := left.pages[0]
	left.pages = left.pages[1:]
	c.begun[left.site] = true
	if len(left.pages) == 0 || c.withheld != nil && *c.withheld == left.site {
		return page
	}
	c.given++
	token := fmt.Sprint("page-", c.given)
	if field := page.FieldByName(one.next); one.byName() {
		field.Set(reflect.ValueOf(aws.Bool(true)))
		token = lastName(page.Field(one.lists[0]))
	} else {
		field.Set(reflect.ValueOf(&token))
	}
	c.unread[left.asked+token] = left
	return page
}

// byName says that the last item's name asks for the next page.
func (o operation) byName() bool { return strings.HasPrefix(o.next, "HasMore") }

// lastName is what a list ends with: a name, or something with a key.
func lastName(list reflect.Value) string {
	last := list.Index(list.Len() - 1)
	if last.Kind() == reflect.Struct {
		return aws.ToString(stringOf(last.FieldByName("Key")))
	}
	return last.String()
}

// whole reads all pages that there are, into one.
func (o operation) whole(fetch func(*string) (reflect.Value, error)) (reflect.Value, error) {
	whole, err := fetch(nil)
	for page := whole; err == nil; {
		token := stringOf(page.FieldByName(o.next))
		if more, is := page.FieldByName(o.next).Interface().(*bool); is && aws.ToBool(more) {
			token = aws.String(lastName(page.Field(o.lists[0])))
		}
		if aws.ToString(token) == "" {
			break
		}
		if page, err = fetch(token); err != nil {
			break
		}
		for _, list := range o.lists {
			whole.Field(list).Set(reflect.AppendSlice(whole.Field(list), page.Field(list)))
		}
	}
	return whole, err
}

// cut makes the smallest pages.
func (o operation) cut(whole reflect.Value) []reflect.Value {
	blank := func() reflect.Value {
		page := copyOf(whole)
		for _, list := range o.lists {
			page.Field(list).SetZero()
		}
		if next := page.FieldByName(o.next); o.byName() {
			next.Set(reflect.ValueOf(aws.Bool(false)))
		} else {
			next.SetZero()
		}
		return page
	}
	var pages []reflect.Value
	for _, list := range o.lists {
		items := dataPoints(whole.Field(list))
		for position := range items.Len() {
			page := blank()
			page.Field(list).Set(items.Slice3(position, position+1, position+1))
			pages = append(pages, page)
		}
	}
	if o.byName() { // there is no name to go on from in an empty page
		if len(pages) == 0 {
			return []reflect.Value{blank()}
		}
		return pages
	}
	return slices.Concat([]reflect.Value{blank()}, pages, []reflect.Value{blank()})
}

// dataPoints splits the results of metrics: CloudWatch may go on with one of them on the next page.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html
func dataPoints(list reflect.Value) reflect.Value {
	results, are := list.Interface().([]types.MetricDataResult)
	if !are {
		return list
	}
	var single []types.MetricDataResult
	for _, result := range results {
		for position := range max(1, len(result.Values)) {
			part := result
			if len(result.Values) > 1 {
				part.Timestamps, part.Values = result.Timestamps[position:position+1], result.Values[position:position+1]
				if position < len(result.Values)-1 {
					part.StatusCode = types.StatusCodePartialData
				}
			}
			single = append(single, part)
		}
	}
	return reflect.ValueOf(single)
}

func (o operation) withToken(input reflect.Value, token *string) reflect.Value {
	same := copyOf(input)
	same.FieldByName(o.token).Set(reflect.ValueOf(token))
	return same
}

func copyOf(value reflect.Value) reflect.Value {
	same := reflect.New(value.Type()).Elem()
	same.Set(value)
	return same
}

func stringOf(field reflect.Value) *string {
	text, _ := field.Interface().(*string)
	return text
}

// textOf tells questions apart: AWS refuses a token of another one.
func textOf(input reflect.Value) string {
	text, err := json.Marshal(input.Interface())
	if err != nil {
		panic(err) // inputs hold values only
	}
	return input.Type().Name() + string(text)
}

// caller is the site that the call comes from.
func (c *Cutter) caller(operation string) (Site, bool) {
	counters := make([]uintptr, 512)
	frames := runtime.CallersFrames(counters[:runtime.Callers(1, counters)])
	for {
		frame, more := frames.Next()
		for _, site := range c.sites {
			if site.Operation == operation && filepath.Base(frame.File) == site.File && filepath.Base(filepath.Dir(frame.File)) == site.folder &&
				site.from <= frame.Line && frame.Line <= site.to {
				return site, true
			}
		}
		if !more {
			return Site{}, false
		}
	}
}

// leftUnread are the sites that did not ask for a page that was announced to them.
func (c *Cutter) leftUnread() map[Site]bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	sites := map[Site]bool{}
	for left := range maps.Values(c.unread) {
		sites[left.site] = true
	}
	return sites
}
