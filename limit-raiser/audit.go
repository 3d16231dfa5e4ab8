package limitraiser

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Entry is a line of the audit trail: what was raised, or was not, why and for whom.
type Entry struct {
	At       time.Time `json:"at"`
	Resource string    `json:"resource"`
	Part     string    `json:"part"`
	Means    Means     `json:"means"`
	Outcome  Outcome   `json:"outcome"`
	Reason   Reason    `json:"reason"`
	Detail   string    `json:"detail"`
	From     float64   `json:"from"`
	To       float64   `json:"to"`
	// CostAMonth is in US dollars at list prices.
	CostAMonth float64 `json:"costAMonth"`
	// Alarm is the alarm's name, Event the key of the event that was answered, Step its step.
	Alarm string `json:"alarm"`
	Event string `json:"event"`
	Step  int    `json:"step"`
}

const auditTrail = "audit"

// sortKey makes entries sort by time, and the same entry written twice be one.
func (e Entry) sortKey() string {
	return e.At.UTC().Format("2006-01-02T15:04:05.000Z") + "#" + digest(e.Event) + "#" + e.Part
}

// audit adds an entry to the audit trail.
func (l ledger) audit(ctx context.Context, e Entry) error {
	item := key(auditTrail, e.sortKey())
	for name, value := range map[string]string{
		"resource": e.Resource, "part": e.Part, "means": string(e.Means), "outcome": string(e.Outcome),
		"reason": string(e.Reason), "detail": e.Detail, "alarm": e.Alarm, "event": e.Event,
		"at": e.At.UTC().Format(time.RFC3339Nano),
	} {
		item[name] = str(value)
	}
	item["from"], item["to"], item["cost"], item["step"] = num(e.From), num(e.To), num(e.CostAMonth), num(float64(e.Step))
	item[LedgerTTL] = l.expiry(keepAudit)
	_, err := l.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &l.table, Item: item})
	if err != nil {
		return fmt.Errorf("adding to the audit trail: %w", err)
	}
	return nil
}

// History reads the audit trail of the ledger in a table, newest first and at most so many entries.
func History(ctx context.Context, client dynamodb.QueryAPIClient, table string, most int) ([]Entry, error) {
	page := int32(min(max(most, 1), 1000)) // #nosec G115 -- at most 1,000
	pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: aws.String("#pk = :audit"),
		ExpressionAttributeNames:  map[string]string{"#pk": LedgerKey},
		ExpressionAttributeValues: values{":audit": str(auditTrail)},
		ScanIndexForward:          aws.Bool(false), Limit: &page,
	})
	var entries []Entry
	for pages.HasMorePages() && len(entries) < most {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the audit trail: %w", err)
		}
		for _, item := range page.Items {
			entries = append(entries, entryOf(item))
		}
	}
	return entries[:min(len(entries), most)], nil
}

func entryOf(item map[string]dynamodbtypes.AttributeValue) Entry {
	at, _ := time.Parse(time.RFC3339Nano, text(item["at"]))
	return Entry{
		At: at, Resource: text(item["resource"]), Part: text(item["part"]), Means: Means(text(item["means"])),
		Outcome: Outcome(text(item["outcome"])), Reason: Reason(text(item["reason"])), Detail: text(item["detail"]),
		From: number(item["from"]), To: number(item["to"]), CostAMonth: number(item["cost"]),
		Alarm: text(item["alarm"]), Event: text(item["event"]), Step: int(number(item["step"])),
	}
}
