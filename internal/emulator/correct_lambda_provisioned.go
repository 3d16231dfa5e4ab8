package emulator

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
)

// listProvisioned composes the list from the configuration of each alias, and of
// each version that one was put on: the emulator answers 404.
func listProvisioned(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	size, refused := x.pageSize(functionPage)
	if refused != nil {
		return refused, nil
	}
	aliases, refused, err := x.everyAlias()
	if err != nil || refused != nil {
		return refused, err
	}
	arn := x.functionARN(x.call.Function)
	qualifiers := x.provisionedVersions(arn)
	for _, alias := range aliases {
		qualifiers = append(qualifiers, alias.Name)
	}
	slices.Sort(qualifiers)
	after, _ := base64.StdEncoding.DecodeString(x.request.URL.Query().Get("Marker"))
	body := object{}
	items := []object{}
	for _, qualifier := range slices.Compact(qualifiers) {
		if qualifier <= string(after) {
			continue
		}
		if len(items) == size {
			_, last, _ := splitReference(text(items[size-1], "FunctionArn"))
			body["NextMarker"] = base64.StdEncoding.EncodeToString([]byte(last))
			break
		}
		item := object{}
		given, err := x.ask("lambda", "/2019-09-30/functions/"+url.PathEscape(x.call.Function)+"/provisioned-concurrency",
			url.Values{"Qualifier": {qualifier}}, &item)
		if err != nil {
			return nil, err
		}
		if given.ok() {
			item["FunctionArn"] = arn + ":" + qualifier
			items = append(items, item)
		}
	}
	body["ProvisionedConcurrencyConfigs"] = items
	return found(body)
}

// putProvisioned remembers the qualifier, and refuses $LATEST as AWS does.
func putProvisioned(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	if x.call.Qualifier == "" || x.call.Qualifier == "$LATEST" {
		return x.refuse(http.StatusBadRequest, invalidValue,
			"Provisioned Concurrency Configs cannot be applied to unpublished function versions."), nil
	}
	given, err := x.forward()
	if err == nil && given.ok() {
		remember(&x.memory, &x.memory.provisioned, x.functionARN(x.call.Function), x.call.Qualifier, true)
	}
	return given, err
}

func (x *exchange) provisionedVersions(arn string) []string {
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	var versions []string
	for id := range x.memory.provisioned {
		if id.function == arn {
			versions = append(versions, id.version)
		}
	}
	return versions
}
