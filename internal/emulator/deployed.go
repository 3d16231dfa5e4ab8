package emulator

import "strings"

// A deployed stage of a REST API serves the API as it was when it was deployed;
// the emulator exports the API as it is now. The proxy keeps what each
// deployment would have exported.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html

// keepDeployment keeps the export of the stage that was just deployed.
func keepDeployment(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() || !strings.HasPrefix(x.request.URL.Path, "/restapis/") {
		return given, err
	}
	var sent object
	if decode(x.body, &sent) != nil || text(sent, "stageName") == "" {
		return given, nil
	}
	base, _, _ := strings.Cut(x.request.URL.Path, "/deployments")
	var exported object
	if _, err := x.ask("apigateway", base+"/stages/"+text(sent, "stageName")+"/exports/oas30", map[string][]string{"extensions": {"apigateway"}}, &exported); err != nil {
		return nil, err
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	if x.memory.dropped == nil {
		x.memory.dropped = map[string]object{}
	}
	x.memory.dropped[x.resource(base+" "+text(sent, "stageName"))] = exported
	return given, nil
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
