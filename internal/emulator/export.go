package emulator

import "strings"

// exportAPI composes an HTTP API's OpenAPI document from its routes and
// integrations: the emulator has none. It is that of the latest configuration,
// whatever the stage, and always JSON.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html
func exportAPI(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	base, _, _ := strings.Cut(x.request.URL.Path, "/exports/")
	var api object
	given, err := x.ask("apigateway", base, nil, &api)
	if err != nil || !given.ok() {
		return given, err
	}
	var routes, integrations struct {
		Items []object `json:"items"`
	}
	if given, err = x.ask("apigateway", base+"/routes", nil, &routes); err != nil || !given.ok() {
		return given, err
	}
	if given, err = x.ask("apigateway", base+"/integrations", nil, &integrations); err != nil || !given.ok() {
		return given, err
	}
	extensions := map[string]object{}
	for _, integration := range integrations.Items {
		id := text(integration, "integrationId")
		x.putBack(integration, id)
		extensions["integrations/"+id] = x.extension(integration)
	}
	paths := map[string]object{}
	for _, route := range routes.Items {
		path, method := pathAndMethod(text(route, "routeKey"))
		if paths[path] == nil {
			paths[path] = object{}
		}
		operation := object{"responses": object{"default": object{"description": "Default response for " + text(route, "routeKey")}}}
		if extension := extensions[text(route, "target")]; extension != nil {
			operation["x-amazon-apigateway-integration"] = extension
		}
		paths[path][method] = operation
	}
	return found(object{
		"openapi": "3.0.1", "paths": paths,
		"info": object{"title": text(api, "name"), "version": "1.0"},
	})
}

// pathAndMethod reads a route's key: "GET /pets", "ANY /pets" or "$default".
func pathAndMethod(key string) (path, method string) {
	method, path, both := strings.Cut(key, " ")
	switch {
	case !both:
		return "/" + key, "x-amazon-apigateway-any-method"
	case method == "ANY":
		return path, "x-amazon-apigateway-any-method"
	}
	return path, strings.ToLower(method)
}

// extension is an integration as OpenAPI documents show it: a function's ARN
// becomes the URI of its invocation.
func (x *exchange) extension(integration object) object {
	uri := text(integration, "integrationUri")
	if strings.HasPrefix(uri, "arn:aws:lambda:") {
		uri = "arn:aws:apigateway:" + x.region() + ":lambda:path/2015-03-31/functions/" + uri + "/invocations"
	}
	extension := object{
		"type": strings.ToLower(text(integration, "integrationType")), "uri": uri, "httpMethod": text(integration, "integrationMethod"),
		"payloadFormatVersion": text(integration, "payloadFormatVersion"), "connectionType": text(integration, "connectionType"),
	}
	if role := text(integration, "credentialsArn"); role != "" {
		extension["credentials"] = role
	}
	return extension
}
