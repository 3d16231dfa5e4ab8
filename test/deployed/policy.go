package deployed

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
)

// Policy is an inline policy of a role.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement is one of a policy's.
type Statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Action    Texts
	Resource  Texts
	Condition map[string]any `json:",omitempty"`
}

// Texts is a list that IAM may write as a single text.
type Texts []string

// UnmarshalJSON reads both.
func (t *Texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = Texts{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(t))
}

// Without is the policy less one action.
func (p Policy) Without(action string) Policy {
	less := Policy{Version: p.Version}
	for _, statement := range p.Statement {
		statement.Action = slices.DeleteFunc(slices.Clone(statement.Action), func(a string) bool { return a == action })
		if len(statement.Action) > 0 {
			less.Statement = append(less.Statement, statement)
		}
	}
	return less
}

// Policies are the inline policies of the function's role, by name.
func (f Function) Policies(ctx context.Context) (map[string]Policy, error) {
	client := iamsvc.NewFromConfig(f.AWS())
	listed, err := client.ListRolePolicies(ctx, &iamsvc.ListRolePoliciesInput{RoleName: &f.Role})
	if err != nil {
		return nil, err
	}
	policies := map[string]Policy{}
	for _, name := range listed.PolicyNames {
		got, err := client.GetRolePolicy(ctx, &iamsvc.GetRolePolicyInput{RoleName: &f.Role, PolicyName: &name})
		if err != nil {
			return nil, err
		}
		text := aws.ToString(got.PolicyDocument)
		if decoded, err := url.QueryUnescape(text); err == nil && strings.HasPrefix(text, "%7B") {
			text = decoded
		}
		var policy Policy
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return nil, fmt.Errorf("reading the policy %s: %w", name, err)
		}
		policies[name] = policy
	}
	return policies, nil
}

// SetPolicies writes inline policies of the role.
func (f Function) SetPolicies(ctx context.Context, policies map[string]Policy) error {
	client := iamsvc.NewFromConfig(f.AWS())
	for name, policy := range policies {
		text, err := json.Marshal(policy)
		if err != nil {
			return err
		}
		if _, err := client.PutRolePolicy(ctx, &iamsvc.PutRolePolicyInput{
			RoleName: &f.Role, PolicyName: &name, PolicyDocument: aws.String(string(text)),
		}); err != nil {
			return err
		}
	}
	return nil
}

// Without are the policies less one action.
func Without(policies map[string]Policy, action string) map[string]Policy {
	less := map[string]Policy{}
	for name, policy := range policies {
		less[name] = policy.Without(action)
	}
	return less
}

// Granted are the actions that policies allow, sorted, but for those that AWS uses on the
// function's behalf, which the emulator does not ask for.
func Granted(policies map[string]Policy, onBehalf ...string) []string {
	actions := map[string]bool{}
	for _, policy := range policies {
		for _, statement := range policy.Statement {
			for _, action := range statement.Action {
				service, _, _ := strings.Cut(action, ":")
				if statement.Effect == "Allow" && !slices.Contains(onBehalf, action) && !slices.Contains(onBehalf, service) {
					actions[action] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(actions))
}
