package demo_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/want"
)

var (
	// typed is the beginning of a command that may change an account: the CDK's, a make target that runs
	// it, one of AWS's command line, or one of caretaker's with its first two words: all that change something
	// begin with a part.
	typed = regexp.MustCompile(`\bcdk (?:bootstrap|deploy|destroy|import|rollback)\b|\bmake (?:deploy|destroy)\b|\baws [a-z0-9-]+ [a-z-]+|` +
		`\bcaretaker (?:-\S+ (?:\S+ )?)*?(?:alerts|janitor|limit-raiser|log-shipper|warmer)(?: [a-z-]+)?`)
	// elsewhere sends a command to an endpoint of this machine, which is gone when the demo is.
	elsewhere = regexp.MustCompile(`\bAWS_ENDPOINT_URL=http://127\.0\.0\.1:\d+ \S*$`)
	// continued is the end of a command's line that goes on in the next.
	continued = regexp.MustCompile(` \\\n *`)
)

// harmless are the commands of caretaker that change nothing anywhere.
var harmless = []string{
	"alerts plan", "janitor plan", "limit-raiser history", "limit-raiser plan", "limit-raiser simulate",
	"log-shipper dashboards", "log-shipper plan", "log-shipper tail", "log-shipper try", "warmer middleware", "warmer plan",
}

// changing are the lines with a command that would change a real account when typed later.
func changing(text string) (lines []string) {
	for line := range strings.Lines(continued.ReplaceAllString(text, " ")) {
		for _, at := range typed.FindAllStringIndex(line, -1) {
			words, before := line[at[0]:at[1]], line[:at[0]]
			if _, own, is := strings.Cut(words, "caretaker "); is && slices.ContainsFunc(harmless, func(one string) bool { return strings.HasPrefix(own, one) }) {
				continue
			}
			before = strings.TrimSuffix(before, "npx ")
			if !elsewhere.MatchString(before) {
				lines = append(lines, strings.TrimSpace(line))
				break
			}
		}
	}
	return lines
}

// What the other tests hold the demo's lines against, on lines that are known.
func TestChanging_findsWhatWouldChangeARealAccount(t *testing.T) {
	for line, changes := range map[string]bool{
		"To delete them: dist/caretaker janitor apply --region us-east-1":                                           true,
		"To delete them: AWS_ENDPOINT_URL=http://127.0.0.1:4566 dist/caretaker janitor apply":                       false,
		"   npx cdk deploy --all       as it ships":                                                                 true,
		"   $ AWS_ENDPOINT_URL=http://127.0.0.1:4566 npx cdk deploy \\\n     Caretaker -c set=x":                    false,
		"   $ AWS_ENDPOINT_URL=https://lambda.us-east-1.amazonaws.com npx cdk deploy":                               true,
		"   $ AWS_ENDPOINT_URL=http://127.0.0.1:4566 npx cdk bootstrap && npx cdk deploy --all":                     true,
		"   $ aws lambda invoke --function-name caretaker-default-janitor /dev/stdout":                              true,
		"janitor.dryRun: false, and cdk deploy again":                                                               true,
		"     dist/caretaker janitor plan --region eu-west-1  what would go there":                                  false,
		"     dist/caretaker --stage prod janitor apply":                                                            true,
		"the log group /aws/lambda/shop-orders of arn:aws:lambda:us-east-1:000000000000:function:caretaker-default": false,
		"   12 unreadable caretaker tag, 9 an alias":                                                                false,
		"   make destroy STAGE=prod":                                                                                true,
	} {
		want.Equal(t, line+": a line that changes an account", len(changing(line)) == 1, changes)
	}
}
