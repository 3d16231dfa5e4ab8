package main

import (
	"cmp"
	"strings"

	"caretaker/internal/config"
)

// template is a CloudFormation template.
type template struct {
	Description string         `json:",omitempty"`
	Parameters  map[string]any `json:",omitempty"`
	Rules       map[string]any `json:",omitempty"`
	Conditions  map[string]any `json:",omitempty"`
	Mappings    map[string]any `json:",omitempty"`
	Resources   map[string]map[string]any
	Outputs     map[string]any `json:",omitempty"`
}

// selfContained frees a template of the CDK's bootstrap: its code comes from a bucket that parameters name. The
// code of each function is returned, by the hash that the CDK knows it by.
func (t *template) selfContained(o options) (codes map[string]string) {
	codes = map[string]string{}
	delete(t.Parameters, "BootstrapVersion")
	delete(t.Rules, "CheckBootstrapVersion")
	for id, resource := range t.Resources {
		delete(resource, "Metadata")
		if resource["Type"] == "AWS::CDK::Metadata" {
			delete(t.Resources, id)
		}
		properties, _ := resource["Properties"].(map[string]any)
		code, _ := properties["Code"].(map[string]any)
		if resource["Type"] != "AWS::Lambda::Function" || code == nil {
			continue
		}
		key, _ := code["S3Key"].(string)
		full, _ := properties["FunctionName"].(string)
		// caretaker-<stage>-<function>
		function := strings.TrimPrefix(full, "caretaker-"+o.stageName()+"-")
		codes[function] = strings.TrimSuffix(key, ".zip")
		properties["Code"] = map[string]any{
			"S3Bucket": map[string]any{"Ref": "CodeBucket"},
			"S3Key":    map[string]any{"Fn::Sub": "${CodePrefix}" + o.zipOf(function, "${Architecture}")},
		}
		properties["Architectures"] = []any{map[string]any{"Ref": "Architecture"}}
	}
	if len(codes) == 0 {
		return nil
	}
	if t.Parameters == nil {
		t.Parameters = map[string]any{}
	}
	t.Parameters["CodeBucket"] = map[string]any{"Type": "String", "MinLength": 3, "Description": "The bucket, in the Region of this stack, that holds the zips of the release"}
	t.Parameters["CodePrefix"] = map[string]any{"Type": "String", "Default": "caretaker/" + o.version + "/", "Description": "What the keys of the zips begin with; it ends with a slash, or is empty"}
	t.Parameters["Architecture"] = map[string]any{"Type": "String", "Default": o.architectures[0], "AllowedValues": o.architectures, "Description": "That of the functions"}
	return codes
}

// stageName is the stage in the names of what is deployed.
func (o options) stageName() string { return cmp.Or(o.stage, config.DefaultStage) }
