package config

import (
	"fmt"
	"slices"
	"strings"

	"caretaker/alerts"
	"caretaker/alerts/notify"
	"caretaker/internal/iam"
	"caretaker/internal/setting"
	"caretaker/janitor"
	limitraiser "caretaker/limit-raiser"
	"caretaker/warmer"
)

// Size is what a part's stack takes of that which AWS bounds.
type Size struct {
	// Role is how many characters the policies of the function's role have, of iam.MostInRole.
	Role int
	// Resources are those of the stack, of MostResources.
	Resources int
}

// MostResources is how many resources CloudFormation takes in a stack:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const MostResources = 500

// The resources that a stack always has.
const (
	alertsResources      = 20
	janitorResources     = 20
	notifierResources    = 27
	limitRaiserResources = 25
	warmerResources      = 20
)

// AlertsSize is the size of the stack of the alarms' reconciler in the Region with the longest name.
func (s Sections) AlertsSize() Size {
	return Size{
		Role:      s.role("alerts", alerts.Statements(s.Alerts.Config, strings.Repeat("s", longestStage)), iam.OfFunction(iam.Around{Key: s.Deployment.KMSKey != ""})),
		Resources: alertsResources + s.subscriptions(1),
	}
}

// JanitorSize is the size of the janitor's stack in the Region with the longest name.
func (s Sections) JanitorSize() Size {
	return Size{
		Role:      s.role("janitor", janitor.Statements(s.Janitor), iam.OfFunction(iam.Around{Key: s.Deployment.KMSKey != ""})),
		Resources: janitorResources + s.subscriptions(1),
	}
}

// LimitRaiserSize is the size of the limit-raiser's stack in the Region with the longest name.
func (s Sections) LimitRaiserSize() Size {
	return Size{
		Role:      s.role("limit-raiser", limitraiser.Statements(s.LimitRaiser), iam.OfFunction(iam.Around{Queue: true, Table: true, Key: s.Deployment.KMSKey != ""})),
		Resources: limitRaiserResources + s.subscriptions(2) + callers(s.LimitRaiser),
	}
}

// WarmerSize is the size of the warmer's stack in the Region with the longest name.
func (s Sections) WarmerSize() Size {
	return Size{
		Role:      s.role("warmer", warmer.Statements(s.Warmer), iam.OfFunction(iam.Around{Table: true, Key: s.Deployment.KMSKey != ""})),
		Resources: warmerResources + s.subscriptions(1) + b2i(s.Warmer.Provisions()) + 2*b2i(s.Warmer.OnDeployment), // an alarm; a rule, and its right to call
	}
}

// NotifierSize is the size of the notifier's stack in the Region with the longest name.
func (s Sections) NotifierSize() Size {
	return Size{
		Role:      s.role("notify", notify.Statements(s.Alerts.Notify, s.Target()), iam.OfFunction(iam.Around{Queue: true, Table: true, Key: s.Deployment.KMSKey != ""})),
		Resources: notifierResources + len(s.Notify.Email) + len(s.Notify.SMS) + len(s.Alerts.Notify.Topics),
	}
}

// subscriptions are those of a part's stack with so many topics: one each of the notifier's queue, or
// where there is no notifier, of each address.
func (s Sections) subscriptions(topics int) int {
	if s.Alerts.Notify.Enabled {
		return topics
	}
	return len(s.Notify.Email)
}

// role is how many characters the policies of a part's role have at most.
func (s Sections) role(part string, policies ...[]iam.Statement) int {
	region := "ap-southeast-2" // no Region of the partition aws has a longer name
	if len(s.Regions) > 0 {
		region = slices.MaxFunc(s.Regions, func(a, b string) int { return len(a) - len(b) })
	}
	arn := func(service, resource string) string {
		return "arn:" + partition(region) + ":" + service + ":" + region + ":111122223333:" + resource
	}
	name := "caretaker-" + strings.Repeat("s", longestStage) + "-" + part
	queue := arn("sqs", strings.Repeat("q", 80)) // CloudFormation names it
	fill := strings.NewReplacer(
		"${Partition}", partition(region), "${Region}", region, "${Account}", "111122223333",
		"${Topic}", arn("sns", name), "${Queue}", queue, "${OnFailure}", queue,
		"${Ledger}", arn("dynamodb", "table/"+name), "${LogGroup}", arn("logs", "log-group:/aws/lambda/"+name+":*"), "${Key}", arn("kms", "key/mrk-"+strings.Repeat("0", 32)),
	)
	size := 0
	for _, policy := range policies {
		size += iam.Size(policy, fill)
	}
	return size
}

// partition is that of a Region: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func partition(region string) string {
	for prefix, name := range map[string]string{"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso": "aws-iso-b", "eu-iso": "aws-iso-e", "eusc-": "aws-eusc"} {
		if strings.HasPrefix(region, prefix) {
			return name
		}
	}
	return "aws"
}

// callers are how many alarms call the limit-raiser: two for each maximum of a table or an
// index, one for all else.
func callers(c limitraiser.Config) int {
	count := 0
	for _, table := range c.Tables {
		if table.AlarmAbove == 0 && c.AlarmAbove == 0 {
			continue
		}
		for _, most := range append([]limitraiser.Index{{Read: table.Read, Write: table.Write}}, table.Indexes...) {
			count += 2*b2i(most.Read.Max > 0) + 2*b2i(most.Write.Max > 0)
		}
	}
	for _, quota := range c.Quotas {
		_, watched := quota.Usage.Watched()
		count += b2i(quota.AlarmAbove+c.AlarmAbove > 0 && quota.Max > 0 && watched)
	}
	if c.AlarmAbove > 0 {
		for _, stream := range c.Streams {
			count += b2i(stream.MaxShards > 0)
		}
		for _, function := range c.Functions {
			count += b2i(function.MaxConcurrency > 0)
		}
	}
	return count
}

// oversized says what AWS would refuse of the stacks for their size.
func (s Sections) oversized() []setting.Problem {
	var problems []setting.Problem
	wrong := func(key string, count int, what, allowed string) {
		problems = append(problems, setting.Problem{Key: key, Value: counted(count, what), Allowed: allowed})
	}
	if role := s.JanitorSize().Role; s.Janitor.Enabled && role > iam.MostInRole {
		wrong("janitor.exclude.names", len(s.Janitor.Exclude.Names), "pattern", fitting(role)+
			": each name is a Deny in it. Write patterns that stand for several names, such as checkout-*, or tag the functions and exclude them by janitor.exclude.tags")
	}
	if role := s.WarmerSize().Role; s.Warmer.Enabled && role > iam.MostInRole {
		wrong("warmer.functions", len(s.Warmer.Functions), "function", fitting(role)+
			". Write patterns that stand for several names, such as checkout-*, or tag the functions with "+warmer.Tag+" and write warmer.byTag: true")
	}
	if !s.LimitRaiser.Enabled {
		return problems
	}
	switch size := s.LimitRaiserSize(); {
	case size.Role > iam.MostInRole:
		key, count, what := longestList(s.LimitRaiser)
		instead := "Let a second stage look after some of them"
		if key == "limitRaiser.tables" {
			instead = "Tag tables with " + limitraiser.RaiseTag + " instead of listing them, and write limitRaiser.byTag: true; alarms of yours then call for them"
		}
		wrong(key, count, what, fitting(size.Role)+". "+instead)
	case size.Resources > MostResources:
		wrong("limitRaiser.tables", len(s.LimitRaiser.Tables), "table", fmt.Sprintf("what fits into a stack, of which CloudFormation takes %d resources, and this one has %d: "+
			"each maximum brings its alarms, two for the read units and two for the write units of a table or an index. "+
			"Write limitRaiser.alarmAbove: 0%% and an alarmAbove of its own for each table that should have alarms, and let alarms of yours call for the others", MostResources, size.Resources))
	}
	return problems
}

// fitting says what is allowed where a role is too long.
func fitting(role int) string {
	return fmt.Sprintf("what fits into a role, in which IAM takes %d characters, and this makes one of %d", iam.MostInRole, role)
}

// longestList is the list that takes most of the limit-raiser's role.
func longestList(c limitraiser.Config) (key string, count int, what string) {
	most := 0
	for _, list := range []struct {
		what   string
		count  int
		length int
	}{
		{"table", len(c.Tables), letters(c.Tables, func(t limitraiser.Table) string { return t.Name })},
		{"stream", len(c.Streams), letters(c.Streams, func(s limitraiser.Stream) string { return s.Name })},
		{"function", len(c.Functions), letters(c.Functions, func(f limitraiser.Function) string { return f.Name })},
		{"quota", len(c.Quotas), letters(c.Quotas, func(q limitraiser.Quota) string { return q.Service + q.Code })},
	} {
		if list.length > most {
			most, key, count, what = list.length, "limitRaiser."+list.what+"s", list.count, list.what
		}
	}
	return key, count, what
}

// letters is how long the names of a list are together, each with what is around it in an ARN.
func letters[T any](list []T, name func(T) string) int {
	total := 0
	for _, item := range list {
		total += len(name(item)) + len("arn:aws:dynamodb:eu-west-1:111122223333:table/")
	}
	return total
}

func counted(count int, what string) string {
	if count == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", count, what)
}
