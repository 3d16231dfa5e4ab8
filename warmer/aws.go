package warmer

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"caretaker/internal/iam"
)

type ledgerAPI interface {
	dynamodb.QueryAPIClient
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

type lambdaAPI interface {
	lambdasvc.ListFunctionsAPIClient
	lambdasvc.ListProvisionedConcurrencyConfigsAPIClient
	DeleteProvisionedConcurrencyConfig(context.Context, *lambdasvc.DeleteProvisionedConcurrencyConfigInput, ...func(*lambdasvc.Options)) (*lambdasvc.DeleteProvisionedConcurrencyConfigOutput, error)
	GetAccountSettings(context.Context, *lambdasvc.GetAccountSettingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetAccountSettingsOutput, error)
	GetAlias(context.Context, *lambdasvc.GetAliasInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetAliasOutput, error)
	GetFunction(context.Context, *lambdasvc.GetFunctionInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetFunctionOutput, error)
	PutProvisionedConcurrencyConfig(context.Context, *lambdasvc.PutProvisionedConcurrencyConfigInput, ...func(*lambdasvc.Options)) (*lambdasvc.PutProvisionedConcurrencyConfigOutput, error)
}

type tagsAPI interface {
	resourcegroupstaggingapi.GetResourcesAPIClient
}

type scalingAPI interface {
	applicationautoscaling.DescribeScalableTargetsAPIClient
}

type invokeAPI interface {
	Invoke(context.Context, *lambdasvc.InvokeInput, ...func(*lambdasvc.Options)) (*lambdasvc.InvokeOutput, error)
}

const (
	anyResource = "*"
	functionARN = "arn:${Partition}:lambda:${Region}:${Account}:function:"
)

// Statements are the permissions that a warmer with this configuration needs. The placeholders in the
// resources are those of iam.Statement, and ${Ledger}, the ARN of the warmer's own table.
func Statements(cfg Config) []iam.Statement {
	statements := []iam.Statement{
		{Sid: "Remember", Resources: []string{"${Ledger}"}, Actions: []string{"dynamodb:Query", "dynamodb:UpdateItem"}},
		{
			Sid: "ReadLimits", Resources: []string{anyResource}, Actions: []string{"lambda:GetAccountSettings"},
			WhyStar: "the account's settings are no resource",
		},
	}
	names := cfg.listedNames()
	if slices.ContainsFunc(names, isPattern) {
		statements = append(statements, iam.Statement{
			Sid: "FindNames", Resources: []string{anyResource}, Actions: []string{"lambda:ListFunctions"},
			WhyStar: "lists have no narrower resource",
		})
	}
	if cfg.ByTag {
		statements = append(statements, iam.Statement{
			Sid: "FindTags", Resources: []string{anyResource}, Actions: []string{"tag:GetResources"},
			WhyStar: "the tagging API has no narrower resource",
		})
	}
	if len(names) > 0 {
		// One statement for looking and for pinging, since the names fill the role.
		var resources []string
		for _, name := range names {
			resources = append(resources, functionARN+name, functionARN+name+":*")
		}
		statements = append(statements, iam.Statement{Sid: "WarmListed", Resources: resources, Actions: cfg.actions()})
	}
	if cfg.ByTag {
		statements = append(statements, iam.Statement{
			Sid: "WarmTagged", Resources: []string{functionARN + "*"}, Actions: onFunctions,
			Conditions: map[string]map[string][]string{"StringLike": {"aws:ResourceTag/" + Tag: {"*"}}},
		})
	}
	if aliases := cfg.provisionedAliases(); len(aliases) > 0 {
		var resources []string
		for _, alias := range aliases {
			resources = append(resources, functionARN+alias.String())
		}
		statements = append(statements, iam.Statement{
			Sid: "FindScalableTargets", Resources: []string{anyResource}, Actions: []string{"application-autoscaling:DescribeScalableTargets"},
			WhyStar: "scalable targets are found by names, not by ARNs",
		}, iam.Statement{Sid: "Provision", Resources: resources, Actions: []string{"lambda:DeleteProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig"}})
	}
	return append(statements, iam.Statement{
		Sid: "LeaveOwnAlone", Effect: "Deny", Resources: []string{functionARN + ownPrefix + "*"}, Actions: cfg.never(),
	})
}

// never are the actions that Caretaker's own functions are denied, whatever a pattern or a tag says.
func (c Config) never() []string {
	if !c.Provisions() {
		return []string{"lambda:InvokeFunction"}
	}
	return []string{"lambda:InvokeFunction", "lambda:PutProvisionedConcurrencyConfig"}
}

// Provisions tells whether the file has provisioned concurrency for any alias.
func (c Config) Provisions() bool { return len(c.provisionedAliases()) > 0 }

// provisionedAliases are the names and patterns of the file with an alias that it has provisioned concurrency for.
func (c Config) provisionedAliases() []Ref {
	var refs []Ref
	for _, function := range c.Functions {
		if len(function.Provisioned) > 0 {
			refs = append(refs, Ref{function.Name, function.Qualifier})
		}
	}
	slices.SortFunc(refs, Ref.compare)
	return slices.Compact(refs)
}

// onFunctions are the actions on what is kept warm.
var onFunctions = []string{"lambda:GetAlias", "lambda:GetFunction", "lambda:InvokeFunction", "lambda:ListProvisionedConcurrencyConfigs"}

// actions are those that the functions of the file need: only what is called by a qualifier can be an alias
// or have provisioned concurrency.
func (c Config) actions() []string {
	aliases := slices.ContainsFunc(c.Functions, func(f Function) bool { return Ref{f.Name, f.Qualifier}.byAlias() })
	numbers := slices.ContainsFunc(c.Functions, func(f Function) bool { return Ref{f.Name, f.Qualifier}.byNumber() })
	return slices.DeleteFunc(slices.Clone(onFunctions), func(action string) bool {
		// What is provisioned on a version may be by another alias of it.
		return (action == "lambda:GetAlias" || action == "lambda:ListProvisionedConcurrencyConfigs") && !aliases && !numbers
	})
}

// listedNames are the names and patterns of the file, each once.
func (c Config) listedNames() []string {
	var names []string
	for _, function := range c.Functions {
		names = append(names, function.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
