package iam

import "strings"

// How many characters, blanks not counted, the inline policies of a role may have together, and a managed
// policy alone: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	MostInRole    = 10240
	MostInManaged = 6144
)

// Size is how many of them a policy of these statements takes, its placeholders filled in.
func Size(statements []Statement, fill *strings.Replacer) int { return len(Document(statements, fill)) }
