package emulator

import "strings"

// A deployed stage serves the API as it was when it was deployed; the emulator
// exports the API as it is now. The proxy keeps what each deployment would have
// exported.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html

// keepDeployment keeps the export of what was just deployed.
func keepDeployment(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	base, _, _ := strings.Cut(x.request.URL.Path, "/deployments")
	if !strings.HasPrefix(base, "/restapis/") {
		return given, x.keepHTTPDeployment(given, base)
	}
	var sent object
	if decode(x.body, &sent) != nil || text(sent, "stageName") == "" {
		return given, nil
	}
	var exported object
	if _, err := x.ask("apigateway", base+"/stages/"+text(sent, "stageName")+"/exports/oas30", map[string][]string{"extensions": {"apigateway"}}, &exported); err != nil {
		return nil, err
	}
	x.keep(base+" "+text(sent, "stageName"), exported)
	return given, nil
}

// keepHTTPDeployment keeps it by the deployment's id, which a stage then names.
func (x *exchange) keepHTTPDeployment(given *answer, base string) error {
	var made object
	if err := decode(given.body, &made); err != nil {
		return err
	}
	exported, refused, err := x.openAPI(base)
	if err == nil && refused == nil {
		x.keep(base+" "+text(made, "deploymentId"), exported)
	}
	return err
}

// deployedTo is what an HTTP API's stage was deployed with; nil where it follows the API, or
// names no deployment.
func (x *exchange) deployedTo(base, stage string) (exported object, refused *answer, err error) {
	var read object
	given, err := x.ask("apigateway", base+"/stages/"+stage, nil, &read)
	if err != nil || !given.ok() {
		return nil, given, err
	}
	if follows, _ := read["autoDeploy"].(bool); follows {
		return nil, nil, nil
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	return x.memory.dropped[x.resource(base+" "+text(read, "deploymentId"))], nil, nil
}

// readDeployment answers with the export of the time of the deployment.
func readDeployment(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	base, rest, _ := strings.Cut(x.request.URL.Path, "/stages/")
	stage, _, _ := strings.Cut(rest, "/")
	x.memory.mutex.Lock()
	kept := x.memory.dropped[x.resource(base+" "+stage)]
	x.memory.mutex.Unlock()
	if kept == nil {
		return given, nil
	}
	return found(kept)
}
