// Package iam describes what a part may do in AWS, as data: the part that makes
// the calls says which permissions they need, the CDK app grants exactly those,
// and the tests compare the two with the calls that were really made.
package iam

// Statement is one statement of an IAM policy.
type Statement struct {
	// Sid says in one CamelCase word what the statement is for.
	Sid string
	// Effect is Allow, the default when empty, or Deny.
	Effect string
	// Actions are like lambda:ListFunctions, never with a wildcard.
	Actions []string
	// Resources are ARNs in which ${Partition}, ${Region} and ${Account} stand for
	// the target's, or * where AWS knows no narrower resource for the action.
	Resources []string
	// Conditions are the operator, the key and the values: {"StringEquals": {"cloudwatch:namespace": ["Caretaker"]}}.
	Conditions map[string]map[string][]string
	// WhyStar says why Resources holds a *. Empty where it holds none.
	WhyStar string
}

// OfFunction is what Lambda needs to run a function under a role, whatever its part does; fed is one
// that Lambda reads a queue for. ${LogGroup}, ${OnFailure} and ${Queue} are its own.
func OfFunction(fed bool) []Statement {
	needs := []Statement{
		{Sid: "WriteLogs", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{"${LogGroup}"}},
		{
			Sid: "Trace", Actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, Resources: []string{"*"},
			WhyStar: "X-Ray knows no narrower resource for these",
		},
		{Sid: "KeepFailures", Actions: []string{"sqs:SendMessage"}, Resources: []string{"${OnFailure}"}},
	}
	if fed {
		needs = append(needs, Statement{
			Sid: "ReadQueue", Resources: []string{"${Queue}"},
			Actions: []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
		})
	}
	return needs
}
