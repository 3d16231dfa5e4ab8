package janitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/paged"
)

// inventory reads what is cheap and covers the whole Region: all functions with all versions and
// their tags, unless storage is low enough to leave the Region alone.
func (j *Janitor) inventory(ctx context.Context, storage Storage) (Facts, error) {
	facts := Facts{Storage: storage, Self: j.options.Self, Stage: j.options.Stage}
	facts.NotChecked = notChecked(j.cfg)
	if idle(storage, j.cfg.Pressure) && !j.options.Elsewhere {
		return facts, nil
	}
	var listed *fleet
	var tags map[string]map[string]string
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		listed, err = j.listFunctions(groupCtx)
		return err
	})
	group.Go(func() (err error) {
		tags, err = j.listTags(groupCtx)
		return err
	})
	if err := group.Wait(); err != nil {
		return Facts{}, err
	}
	facts.Functions, facts.Account, facts.Region = listed.sorted(), listed.place.account, listed.place.region
	for _, named := range listed.variables {
		facts.named(scope{place: listed.place}, Environment, named.by, calls{static: named.targets})
	}
	for position := range facts.Functions {
		facts.Functions[position].Tags = tags[facts.Functions[position].Name]
	}
	return facts, nil
}

func (j *Janitor) storage(ctx context.Context) (Storage, error) {
	settings, err := j.aws.Lambda.GetAccountSettings(ctx, &lambdasvc.GetAccountSettingsInput{})
	if err != nil {
		return Storage{}, fmt.Errorf("reading the account's code storage (lambda:GetAccountSettings): %w", err)
	}
	if settings.AccountUsage == nil || settings.AccountLimit == nil {
		return Storage{}, errors.New("reading the account's code storage: the answer holds no usage or no limit")
	}
	return Storage{Used: settings.AccountUsage.TotalCodeSize, Limit: settings.AccountLimit.TotalCodeSize}, nil
}

// listFunctions lists every version of every function, 50 a page whatever is asked for:
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
func (j *Janitor) listFunctions(ctx context.Context) (*fleet, error) {
	fleet := newFleet()
	input := &lambdasvc.ListFunctionsInput{FunctionVersion: lambdatypes.FunctionVersionAll, MaxItems: aws.Int32(50)}
	err := paged.Every(func(token *string) (*string, error) {
		input.Marker = token
		page, err := j.aws.Lambda.ListFunctions(ctx, input)
		if err != nil {
			return nil, err
		}
		for position := range page.Functions {
			if err := fleet.add(&page.Functions[position]); err != nil {
				return nil, err
			}
		}
		j.options.Observer.Progress(ReadingFunctions, len(fleet.functions), 0)
		return page.NextMarker, nil
	})
	if err != nil {
		return fleet, fmt.Errorf("listing functions (lambda:ListFunctions): %w", err)
	}
	return fleet, nil
}

// fleet gathers list items into functions.
type fleet struct {
	functions map[string]*Function
	// masters are the versions, or with number 0 all versions, that Lambda@Edge replicates.
	masters []target
	// variables are the environment variables with ARNs of functions in them.
	variables map[string]variable
	place     target
}

// variable is one environment variable of a function with what its versions name in it.
type variable struct {
	by      string
	targets []target
}

func newFleet() *fleet {
	return &fleet{functions: map[string]*Function{}, variables: map[string]variable{}}
}

func (f *fleet) add(item *lambdatypes.FunctionConfiguration) error {
	named, ok := parseTarget(aws.ToString(item.FunctionArn))
	if !ok {
		return fmt.Errorf("the list holds the ARN %q, which is not a function's", aws.ToString(item.FunctionArn))
	}
	f.place = named
	function := f.functions[named.function]
	if function == nil {
		function = &Function{Name: named.function}
		f.functions[named.function] = function
	}
	if master, ok := parseTarget(aws.ToString(item.MasterArn)); ok {
		f.masters = append(f.masters, master)
	}
	f.names(named.function, item.Environment)
	// Beside $LATEST there is $LATEST.PUBLISHED; neither is a version that could go.
	if strings.HasPrefix(aws.ToString(item.Version), "$LATEST") || named.qualifier == "" {
		function.Runtime = string(item.Runtime)
		return nil
	}
	number, err := versionNumber(aws.ToString(item.Version))
	if err != nil {
		return fmt.Errorf("the list holds version %q of %s: %w", aws.ToString(item.Version), named.function, err)
	}
	function.Versions = append(function.Versions, Version{
		Number: number,
		Bytes:  item.CodeSize,
		// The SDK cuts all strings of a page from the same memory: one that is kept keeps the
		// others too, a hundred bytes a version.
		SHA:       strings.Clone(aws.ToString(item.CodeSha256)),
		Published: published(aws.ToString(item.LastModified)),
		Edge:      item.MasterArn != nil,
		Durable:   item.DurableConfig != nil,
		Managed:   item.CapacityProviderConfig != nil,
		Deleting:  item.State == lambdatypes.StateDeleting,
	})
	return nil
}

// names notes whose ARNs stand in a version's environment variables: most likely its code calls them.
// Variables that AWS cannot decrypt for the janitor are not in the list.
func (f *fleet) names(function string, environment *lambdatypes.EnvironmentResponse) {
	if environment == nil {
		return
	}
	for name, value := range environment.Variables {
		for _, called := range arnsInText(value) {
			by := function + " " + name
			known := f.variables[by]
			if !slices.Contains(known.targets, called) {
				f.variables[by] = variable{by, append(known.targets, called)}
			}
		}
	}
}

// sorted is the fleet by name, the versions by number and not as text, and each of them once.
func (f *fleet) sorted() []Function {
	for _, master := range f.masters {
		function := f.functions[master.function]
		if function == nil || master.region != f.place.region || master.account != f.place.account {
			continue
		}
		for position := range function.Versions {
			version := &function.Versions[position]
			version.Edge = version.Edge || master.qualifier == "" || master.qualifier == strconv.FormatInt(version.Number, 10)
		}
	}
	functions := make([]Function, 0, len(f.functions))
	for _, function := range f.functions {
		slices.SortFunc(function.Versions, byNumber)
		function.Versions = slices.Clone(slices.CompactFunc(function.Versions, func(a, b Version) bool { return a.Number == b.Number }))
		functions = append(functions, *function)
	}
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return functions
}

// listTags reads the tags of all functions, 100 functions a call.
func (j *Janitor) listTags(ctx context.Context) (map[string]map[string]string, error) {
	tags := map[string]map[string]string{}
	input := &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"lambda:function"}, ResourcesPerPage: aws.Int32(100)}
	err := paged.Every(func(token *string) (*string, error) {
		input.PaginationToken = token
		page, err := j.aws.Tagging.GetResources(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, resource := range page.ResourceTagMappingList {
			named, ok := parseTarget(aws.ToString(resource.ResourceARN))
			if !ok {
				continue
			}
			ofFunction := make(map[string]string, len(resource.Tags))
			for _, tag := range resource.Tags {
				ofFunction[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
			tags[named.function] = ofFunction
		}
		return page.PaginationToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the functions' tags (tag:GetResources): %w", err)
	}
	return tags, nil
}

// published reads AWS's date, which is almost RFC 3339. An unreadable one is the zero time.
func published(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// each calls read for all items, so many at once, and ends with the first error. The
// limiter under the client sets the pace; this only keeps requests in flight.
func each[T any](ctx context.Context, items []T, read func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for _, item := range items {
		group.Go(func() error { return read(ctx, item) })
	}
	return group.Wait()
}

// inFlight is how many requests a scan has under way: at AWS's usual 150 ms an answer, three
// would reach 15 a second; the rest is for slow answers.
const inFlight = 12

// gathered collects findings from requests that run side by side.
type gathered struct {
	mutex sync.Mutex
	Findings
}

func (g *gathered) with(change func(*Findings)) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	change(&g.Findings)
}
