package emulator

// keepPipe keeps a pipe's enrichment and the parameters of its target.
func keepPipe(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err == nil && given.ok() {
		x.keepFields(x.call.Operation == "UpdatePipe", x.lastSegment(), "Enrichment", "EnrichmentParameters", "TargetParameters")
	}
	return given, err
}

// readPipes puts them back.
func readPipes(x *exchange) (*answer, error) {
	return x.restore("Pipes", func(pipe object) string { return text(pipe, "Name") })
}
