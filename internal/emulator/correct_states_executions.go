package emulator

// startExecution keeps the definition that an execution begins with: AWS goes on with it when the
// state machine is updated, and the emulator forgets it.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html
func startExecution(x *exchange) (*answer, error) {
	var asked struct{ StateMachineARN string }
	if err := decode(x.body, &asked); err != nil {
		return nil, err
	}
	var begun object
	// Before the execution begins, so that no update comes between.
	if _, err := x.askTarget("states", "AWSStepFunctions.DescribeStateMachine", object{"stateMachineArn": asked.StateMachineARN}, &begun); err != nil {
		return nil, err
	}
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	var made object
	if err := decode(given.body, &made); err != nil {
		return nil, err
	}
	x.keep(text(made, "executionArn"), pick(begun, "definition", "revisionId"))
	return given, nil
}

// describeForExecution puts the definition back.
func describeForExecution(x *exchange) (*answer, error) {
	var asked object
	if err := decode(x.body, &asked); err != nil {
		return nil, err
	}
	return x.restore("", func(object) string { return text(asked, "executionArn") })
}
