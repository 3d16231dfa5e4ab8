package limitraiser

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// spend adds to the cost of the raises of a UTC month, unless that would be over the cap. It is
// the one place where raises of different resources meet.
func (l ledger) spend(ctx context.Context, at time.Time, dollars, mostDollars float64) (bool, error) {
	free, err := l.count(ctx, at, dollars, mostDollars)
	if err != nil {
		return false, fmt.Errorf("adding to the month's cost: %w", err)
	}
	return free, nil
}

// giveBack takes off what a raise that was not made would have cost.
func (l ledger) giveBack(ctx context.Context, at time.Time, dollars float64) error {
	if _, err := l.count(ctx, at, -dollars, math.Inf(1)); err != nil {
		return fmt.Errorf("taking off the month's cost: %w", err)
	}
	return nil
}

// count changes the month's cost, each time once: DynamoDB's ADD would count twice when an answer
// is lost and the SDK asks again. The record names the last changes for that.
func (l ledger) count(ctx context.Context, at time.Time, dollars, mostDollars float64) (bool, error) {
	if dollars == 0 {
		return true, nil // also where the cap was lowered under what is spent
	}
	item, err := l.get(ctx, month(at))
	if err != nil {
		return false, err
	}
	for change := rand.Text(); ; {
		last := strings.Fields(text(item["changes"]))
		if slices.Contains(last, change) {
			return true, nil
		}
		spent := number(item["spent"]) + dollars
		if spent > mostDollars {
			return false, nil
		}
		given := values{
			":spent": num(spent), ":ttl": l.expiry(keepAudit),
			":changes": str(strings.Join(append(last[max(0, len(last)-mostChanges+1):], change), " ")),
		}
		condition := "attribute_not_exists(#changes)"
		if len(last) > 0 {
			condition, given[":last"] = "#changes = :last", item["changes"]
		}
		_, err := l.db.UpdateItem(ctx, l.update(month(at), "SET #spent = :spent, #changes = :changes, #ttl = :ttl", condition, given))
		var other *dynamodbtypes.ConditionalCheckFailedException
		if !errors.As(err, &other) {
			return err == nil, err
		}
		item = other.Item
	}
}

// mostChanges are more than others make while the SDK repeats one.
const mostChanges = 50

// spent is what the raises of a UTC month cost, in US dollars a month.
func (l ledger) spent(ctx context.Context, at time.Time) (float64, error) {
	item, err := l.get(ctx, month(at))
	if err != nil {
		return 0, fmt.Errorf("reading the month's cost: %w", err)
	}
	return number(item["spent"]), nil
}

func month(at time.Time) string { return "cost#" + at.UTC().Format("2006-01") }
