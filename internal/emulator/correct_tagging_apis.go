package emulator

import (
	"maps"
	"net/url"
	"slices"
)

// taggedAPIs are the APIs and their stages that have tags. AWS knows them by the service alone, apigateway, and
// their ARNs have no account.
func taggedAPIs(x *exchange) (found []resourceTags, err error) {
	rest, err := x.everyRestAPI()
	if err != nil {
		return nil, err
	}
	var others struct{ Items []object }
	if _, err := x.ask("apigateway", "/v2/apis", nil, &others); err != nil {
		return nil, err
	}
	for _, kind := range []struct {
		apis                    []object
		id, of, version, stages string
	}{
		{rest, "id", "/restapis/", "", "item"},
		{others.Items, "apiId", "/apis/", "/v2", "items"},
	} {
		for _, api := range kind.apis {
			arn := "arn:aws:apigateway:" + x.region() + "::" + kind.of + text(api, kind.id)
			one, err := x.gatewayTags(kind.version, arn, api)
			if err != nil {
				return nil, err
			}
			found = append(found, one)
			var read map[string][]object
			if _, err := x.ask("apigateway", kind.version+kind.of+text(api, kind.id)+"/stages", nil, &read); err != nil {
				return nil, err
			}
			for _, stage := range read[kind.stages] {
				one, err := x.gatewayTags(kind.version, arn+"/stages/"+text(stage, "stageName"), stage)
				if err != nil {
					return nil, err
				}
				found = append(found, one)
			}
		}
	}
	return found, nil
}

func (x *exchange) everyRestAPI() (apis []object, err error) {
	for query := (url.Values{"limit": {"500"}}); ; {
		var page struct {
			Item     []object
			Position string
		}
		if _, err := x.ask("apigateway", "/restapis", query, &page); err != nil {
			return nil, err
		}
		apis = append(apis, page.Item...)
		if page.Position == "" {
			return apis, nil
		}
		query.Set("position", page.Position)
	}
}

// gatewayTags are those that something was made with, and those that it was given later.
func (x *exchange) gatewayTags(version, arn string, made object) (resourceTags, error) {
	var later struct{ Tags map[string]any }
	if _, err := x.ask("apigateway", version+"/tags/"+url.PathEscape(arn), nil, &later); err != nil {
		return resourceTags{}, err
	}
	all := map[string]any{}
	first, _ := made["tags"].(map[string]any)
	maps.Copy(all, first)
	maps.Copy(all, later.Tags)
	tags := resourceTags{ResourceARN: arn}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value, _ := all[key].(string)
		tags.Tags = append(tags.Tags, resourceTag{key, value})
	}
	return tags, nil
}
