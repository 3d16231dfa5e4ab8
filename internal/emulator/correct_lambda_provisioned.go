package emulator

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"
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
			inSeconds(item)
			items = append(items, item)
		}
	}
	body["ProvisionedConcurrencyConfigs"] = items
	return found(body)
}

// putProvisioned remembers the qualifier, and refuses what AWS does: $LATEST, an alias that shifts traffic, and a version
// that has a configuration by the other of its number and an alias. It answers that the work has begun, as AWS was
// recorded to; what is read of it then is the emulator's: all of it is there.
func putProvisioned(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	if x.call.Qualifier == "" || x.call.Qualifier == "$LATEST" {
		return x.refuse(http.StatusBadRequest, invalidValue,
			"Provisioned Concurrency Configs cannot be applied to unpublished function versions."), nil
	}
	if refused, err := x.provisionedOtherwise(); err != nil || refused != nil {
		return refused, err
	}
	var body object
	return x.amend(&body, func() {
		remember(&x.memory, &x.memory.provisioned, x.functionARN(x.call.Function), x.call.Qualifier, true)
		body["Status"], body["AvailableProvisionedConcurrentExecutions"], body["AllocatedProvisionedConcurrentExecutions"] = "IN_PROGRESS", 0, 0
		inSeconds(body)
	})
}

// provisionedOtherwise refuses what clashes with the aliases that there are.
func (x *exchange) provisionedOtherwise() (*answer, error) {
	aliases, refused, err := x.everyAlias()
	if err != nil || refused != nil {
		return refused, err
	}
	versions := x.provisionedVersions(x.functionARN(x.call.Function))
	for _, alias := range aliases {
		switch {
		case alias.Name == x.call.Qualifier && len(alias.RoutingConfig.AdditionalVersionWeights) > 0:
			return x.refuse(http.StatusBadRequest, invalidValue, "Alias with weights can not be used with Provisioned Concurrency"), nil
		case alias.Name == x.call.Qualifier && slices.Contains(versions, alias.FunctionVersion):
			return x.refuse(http.StatusConflict, "ResourceConflictException", "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"), nil
		case alias.FunctionVersion == x.call.Qualifier && slices.Contains(versions, alias.Name):
			return x.refuse(http.StatusConflict, "ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias"), nil
		}
	}
	return nil, nil
}

// deleteProvisioned forgets the qualifier.
func deleteProvisioned(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err == nil && given.ok() {
		x.memory.mutex.Lock()
		delete(x.memory.provisioned, versionID{x.functionARN(x.call.Function), x.call.Qualifier})
		x.memory.mutex.Unlock()
	}
	return given, err
}

// inSeconds cuts a configuration's time to whole seconds, as AWS has it: 2019-12-31T20:28:49+0000.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html
func inSeconds(configuration object) {
	const form = "2006-01-02T15:04:05-0700"
	if at, err := time.Parse("2006-01-02T15:04:05.999-0700", text(configuration, "LastModified")); err == nil {
		configuration["LastModified"] = at.Format(form)
	}
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
