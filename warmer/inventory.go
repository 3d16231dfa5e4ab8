package warmer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"golang.org/x/sync/errgroup"
)

const (
	// keepReads is how long what was read of functions counts.
	keepReads = 15 * time.Minute
	// readers are at work at once. AWS allows 100 calls of GetFunction a second, and 15 of most others:
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	readers = 4
)

// reads are what was read of the account. They are kept between runs.
type reads struct {
	unreserved   int
	unreservedAt time.Time
	names        []string
	namesAt      time.Time
	readings     map[Ref]dated
}

type dated struct {
	Reading
	at time.Time
}

// inventory reads what a plan needs. What cannot be read of one function is an error, and keeps none of the others
// from being planned; without the account's limits nothing is.
func (w *Warmer) inventory(ctx context.Context) (facts Facts, errs error, fatal error) {
	if err := w.readLimits(ctx); err != nil {
		return Facts{}, nil, err
	}
	listing := w.readNames(ctx)
	errs = errors.Join(errs, listing)
	tagged, err := w.readTags(ctx)
	errs = errors.Join(errs, err)
	facts = Facts{
		Unreserved: w.reads.unreserved, Readings: map[Ref]Reading{}, Unread: map[Ref]string{}, Code: map[Code]Knowledge{},
		Partial: listing != nil || w.options.Choice.Name != "", Every: w.every,
	}
	facts.Wishes, facts.Unheeded = w.options.Choice.of(Wishes(w.cfg, w.reads.names, tagged))
	for _, wish := range facts.Wishes {
		if len(wish.Provisioned) > 0 {
			facts.Provisions = append(facts.Provisions, wish)
		}
	}
	errs = errors.Join(errs, w.readFunctions(ctx, &facts))
	if facts.Wishes, facts.Shares = split(facts.Wishes, facts.Readings); len(facts.Shares) > 0 {
		errs = errors.Join(errs, w.readFunctions(ctx, &facts))
	}
	return facts, errs, nil
}

// fresh tells whether what was read then still counts.
func (w *Warmer) fresh(at time.Time) bool {
	age := w.now().Sub(at)
	return !at.IsZero() && age >= 0 && age < keepReads
}

func (w *Warmer) readLimits(ctx context.Context) error {
	if w.fresh(w.reads.unreservedAt) {
		return nil
	}
	output, err := w.aws.Lambda.GetAccountSettings(ctx, &lambdasvc.GetAccountSettingsInput{})
	if err != nil {
		return fmt.Errorf("reading the account's concurrency: %w", err)
	}
	if output.AccountLimit == nil || output.AccountLimit.UnreservedConcurrentExecutions == nil {
		return errors.New("reading the account's concurrency: AWS did not say it")
	}
	w.reads.unreserved, w.reads.unreservedAt = int(*output.AccountLimit.UnreservedConcurrentExecutions), w.now()
	return nil
}

// readNames lists the functions that there are, where the file has patterns.
func (w *Warmer) readNames(ctx context.Context) error {
	if !slices.ContainsFunc(w.cfg.listedNames(), isPattern) || w.fresh(w.reads.namesAt) {
		return nil
	}
	var names []string
	pages := lambdasvc.NewListFunctionsPaginator(w.aws.Lambda, &lambdasvc.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing functions: %w", err)
		}
		for _, function := range page.Functions {
			names = append(names, aws.ToString(function.FunctionName))
		}
	}
	w.reads.names, w.reads.namesAt = names, w.now()
	return nil
}

// readTags finds the functions with the tag; a run does so each time, so that a tag counts at once.
func (w *Warmer) readTags(ctx context.Context) ([]Tagged, error) {
	if !w.cfg.ByTag {
		return nil, nil
	}
	var tagged []Tagged
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(w.aws.Tags, &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"lambda:function"}, TagFilters: []taggingtypes.TagFilter{{Key: aws.String(Tag)}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("finding functions by the tag %s: %w", Tag, err)
		}
		for _, resource := range page.ResourceTagMappingList {
			_, name, isFunction := strings.Cut(aws.ToString(resource.ResourceARN), ":function:")
			for _, tag := range resource.Tags {
				if isFunction && !strings.Contains(name, ":") && aws.ToString(tag.Key) == Tag {
					tagged = append(tagged, Tagged{name, aws.ToString(tag.Value)})
				}
			}
		}
	}
	slices.SortFunc(tagged, func(a, b Tagged) int { return strings.Compare(a.Name, b.Name) })
	return tagged, nil
}

// readFunctions reads what the wishes are about, unless it was read in this run or a short while before.
func (w *Warmer) readFunctions(ctx context.Context, facts *Facts) error {
	readings, failures := make([]Reading, len(facts.Wishes)), make([]error, len(facts.Wishes))
	var group errgroup.Group
	group.SetLimit(readers)
	for index, wish := range facts.Wishes {
		if reading, known := facts.Readings[wish.Ref]; known || facts.Unread[wish.Ref] != "" {
			readings[index] = reading
			continue
		}
		if kept, known := w.reads.readings[wish.Ref]; known && w.fresh(kept.at) {
			readings[index] = kept.Reading
			continue
		}
		if strings.HasPrefix(wish.Name, ownPrefix) { // is not pinged, whatever it is
			continue
		}
		group.Go(func() error {
			read := w.readFunction
			if len(wish.Provisioned) > 0 {
				read = w.readAlias
			}
			readings[index], failures[index] = read(ctx, wish.Ref)
			return nil
		})
	}
	_ = group.Wait() // the failures are by wish
	var errs error
	kept := map[Ref]dated{}
	for index, wish := range facts.Wishes {
		if err := failures[index]; err != nil {
			facts.Unread[wish.Ref] = "it could not be read"
			errs = errors.Join(errs, fmt.Errorf("reading %s: %w", wish.Ref, err))
			continue
		}
		if facts.Unread[wish.Ref] != "" {
			continue
		}
		facts.Readings[wish.Ref] = readings[index]
		at := w.now()
		if before, known := w.reads.readings[wish.Ref]; known && w.fresh(before.at) {
			at = before.at
		}
		if steady(readings[index]) {
			kept[wish.Ref] = dated{readings[index], at}
		}
	}
	w.reads.readings = kept
	return errs
}

// steady tells whether what was read is likely to hold for a while: not of what is being made or changed.
func steady(reading Reading) bool {
	for _, one := range reading.Provisioned {
		if one.Status != statusReady {
			return false
		}
	}
	return !reading.Absent && reading.State == stateActive && !reading.Updating && reading.Weights == nil
}

func (w *Warmer) readFunction(ctx context.Context, ref Ref) (Reading, error) {
	output, err := w.aws.Lambda.GetFunction(ctx, &lambdasvc.GetFunctionInput{FunctionName: &ref.Name, Qualifier: ref.qualifier()})
	switch {
	case gone(err):
		return Reading{Absent: true}, nil
	case err != nil:
		return Reading{}, err
	case output.Configuration == nil:
		return Reading{}, errors.New("AWS answered without a configuration")
	}
	reading := readingOf(ref, output)
	if ref.byAlias() {
		if reading.Weights, err = w.readWeights(ctx, ref); err != nil {
			return Reading{}, err
		}
	}
	if ref.byAlias() || ref.byNumber() {
		if reading.Provisioned, reading.AllProvisioned, err = w.readProvisioned(ctx, ref, reading.Version); err != nil {
			return Reading{}, err
		}
	}
	return reading, nil
}

// gone tells whether AWS says that there is no such function, or no such qualifier of it.
func gone(err error) bool {
	var absent *lambdatypes.ResourceNotFoundException
	return errors.As(err, &absent)
}

// readAlias reads an alias that the file has provisioned concurrency for: whether Application Auto Scaling looks after
// it, too.
func (w *Warmer) readAlias(ctx context.Context, ref Ref) (Reading, error) {
	reading, err := w.readFunction(ctx, ref)
	if err != nil || reading.Absent {
		return reading, err
	}
	reading.Scaled, err = w.readScaled(ctx, ref)
	return reading, err
}

// readWeights are the versions of an alias with their shares, where it has two.
func (w *Warmer) readWeights(ctx context.Context, ref Ref) (map[string]float64, error) {
	alias, err := w.aws.Lambda.GetAlias(ctx, &lambdasvc.GetAliasInput{FunctionName: &ref.Name, Name: &ref.Qualifier})
	if err != nil {
		return nil, err
	}
	if alias.RoutingConfig == nil || len(alias.RoutingConfig.AdditionalVersionWeights) == 0 {
		return nil, nil
	}
	weights, rest := map[string]float64{}, 1.0
	for version, share := range alias.RoutingConfig.AdditionalVersionWeights {
		weights[version] = share
		rest -= share
	}
	weights[aws.ToString(alias.FunctionVersion)] = rest
	return weights, nil
}

// qualifier is that of a call; nil calls without one.
func (r Ref) qualifier() *string {
	if r.Qualifier == "" {
		return nil
	}
	return &r.Qualifier
}

// readingOf turns AWS's answer into values.
func readingOf(ref Ref, output *lambdasvc.GetFunctionOutput) Reading {
	c := output.Configuration
	reading := Reading{
		Version: aws.ToString(c.Version), Code: Code{ref.Name, codeID(c)},
		State: string(c.State), Updating: c.LastUpdateStatus == lambdatypes.LastUpdateStatusInProgress,
		SnapStart: c.SnapStart != nil && c.SnapStart.OptimizationStatus == lambdatypes.SnapStartOptimizationStatusOn,
		Managed:   c.CapacityProviderConfig != nil, Tenant: c.TenancyConfig != nil, Durable: c.DurableConfig != nil,
		Timeout: time.Duration(aws.ToInt32(c.Timeout)) * time.Second, MemoryMB: int(aws.ToInt32(c.MemorySize)),
		Arm: slices.Contains(c.Architectures, lambdatypes.ArchitectureArm64),
	}
	if output.Concurrency != nil && output.Concurrency.ReservedConcurrentExecutions != nil {
		reserved := int(*output.Concurrency.ReservedConcurrentExecutions)
		reading.Reserved = &reserved
	}
	return reading
}

// codeID is a digest of everything that decides whether the middleware is in front: the package, the handler
// within it and the layers.
func codeID(c *lambdatypes.FunctionConfiguration) string {
	parts := []string{aws.ToString(c.CodeSha256), aws.ToString(c.Handler), string(c.Runtime)}
	for _, layer := range c.Layers {
		parts = append(parts, aws.ToString(layer.Arn))
	}
	if image := c.ImageConfigResponse; image != nil && image.ImageConfig != nil {
		parts = append(parts, strings.Join(image.ImageConfig.Command, " "), strings.Join(image.ImageConfig.EntryPoint, " "))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])[:20]
}
