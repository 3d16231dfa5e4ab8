package alerts

import (
	"slices"

	"caretaker/internal/iam"
)

// logGroups begins the ARN of a log group.
const logGroups = "arn:${Partition}:logs:${Region}:${Account}:log-group:"

// patternStatements are the permissions for log patterns. Where the file has none, filters of patterns that it had may still
// be there: they are looked for where an alarm says so, and taken away. AWS cannot narrow a right to the names of filters.
func patternStatements(cfg Config) []iam.Statement {
	statements := []iam.Statement{
		{
			Sid: "FindLogFilters", Resources: []string{"*"}, Actions: []string{"logs:DescribeMetricFilters"},
			WhyStar: "it lists those of all log groups",
		},
		{Sid: "DeleteLogFilters", Resources: []string{logGroups + "*"}, Actions: []string{"logs:DeleteMetricFilter"}},
	}
	if len(cfg.LogPatterns) == 0 {
		return statements
	}
	return append(statements,
		iam.Statement{
			Sid: "FindLogGroups", Resources: []string{"*"}, Actions: []string{"logs:DescribeLogGroups"},
			WhyStar: "it lists a whole Region",
		},
		iam.Statement{Sid: "MakeLogFilters", Resources: groupARNs(cfg.LogPatterns), Actions: []string{"logs:PutMetricFilter"}},
	)
}

// groupARNs are the log groups that patterns may mean, sorted. AWS's pages have the ARN of a group with and without an
// asterisk for its streams.
func groupARNs(patterns []LogPattern) []string {
	var arns []string
	for _, pattern := range patterns {
		for _, function := range pattern.Functions {
			arns = append(arns, logGroups+functionGroups+function, logGroups+functionGroups+function+":*")
		}
		for _, group := range pattern.Groups {
			arns = append(arns, logGroups+group, logGroups+group+":*")
		}
		if len(pattern.Functions)+len(pattern.Groups) == 0 { // by tag alone
			return []string{logGroups + "*"}
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}
