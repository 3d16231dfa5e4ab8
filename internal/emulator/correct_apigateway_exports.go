package emulator

import (
	"net/http"
	"strings"
)

// exportAPI answers with an HTTP API's OpenAPI document, which the emulator has none
// of: that of a stage's deployment, or of the latest configuration. It is always JSON.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html
func exportAPI(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	base, _, _ := strings.Cut(x.request.URL.Path, "/exports/")
	var exported object
	if stage := x.request.URL.Query().Get("stageName"); stage != "" {
		exported, refused, err = x.deployedTo(base, stage)
	}
	if exported == nil && refused == nil && err == nil {
		exported, refused, err = x.openAPI(base)
	}
	if err != nil || refused != nil {
		return refused, err
	}
	return found(exported)
}

// openAPI composes the document from an API's routes and integrations. Without routes AWS refuses it, in
// words that nobody has recorded.
// https://github.com/aws/aws-sdk-js/issues/3980
func (x *exchange) openAPI(base string) (exported object, refused *answer, err error) {
	var api object
	given, err := x.ask("apigateway", base, nil, &api)
	if err != nil || !given.ok() {
		return nil, given, err
	}
	var routes, integrations struct {
		Items []object `json:"items"`
	}
	if given, err = x.ask("apigateway", base+"/routes", nil, &routes); err != nil || !given.ok() {
		return nil, given, err
	}
	if given, err = x.ask("apigateway", base+"/integrations", nil, &integrations); err != nil || !given.ok() {
		return nil, given, err
	}
	if len(routes.Items) == 0 {
		return nil, x.refuse(http.StatusBadRequest, "BadRequestException", "Unable to export API because no routes exist in this API"), nil
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
	return object{
		"openapi": "3.0.1", "paths": paths,
		"info": object{"title": text(api, "name"), "version": "1.0"},
	}, nil, nil
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
