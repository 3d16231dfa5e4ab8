package emulator

// keepIntegration keeps the role that an HTTP API's integration calls with.
func keepIntegration(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	var made object
	if err := decode(given.body, &made); err != nil {
		return nil, err
	}
	x.keepFields(x.call.Operation == "UpdateIntegration", text(made, "integrationId"), "credentialsArn")
	return given, nil
}

// readIntegrations puts the role back.
func readIntegrations(x *exchange) (*answer, error) {
	return x.restore("items", func(integration object) string { return text(integration, "integrationId") })
}
