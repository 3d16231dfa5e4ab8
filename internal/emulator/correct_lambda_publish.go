package emulator

import (
	"net/http"
	"reflect"
)

// publishVersion answers with the newest version while nothing changed since: the
// emulator makes a new one. Where nothing changed, the call is authorised but
// does not reach it.
func publishVersion(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	versions, err := x.everyVersion(x.call.Function)
	if err != nil {
		return nil, err
	}
	if len(versions) > 1 && x.unchanged(versions[0], versions[len(versions)-1]) {
		newest := versions[len(versions)-1]
		newest["FunctionArn"] = x.functionARN(x.call.Function) + ":" + text(newest, "Version")
		x.mark(newest)
		given, err := found(newest)
		if err != nil {
			return nil, err
		}
		given.status = http.StatusCreated
		return given, nil
	}
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	var published object
	if err := decode(given.body, &published); err != nil {
		return nil, err
	}
	remember(&x.memory, &x.memory.described, x.functionARN(x.call.Function), text(published, "Version"), text(versions[0], "Description"))
	return given, nil
}

// unchanged tells whether publishing latest again would give newest. A version
// may have a description of its own: what counts is $LATEST's when it was made.
func (x *exchange) unchanged(latest, newest object) bool {
	was, seen := recall(&x.memory, &x.memory.described, x.functionARN(x.call.Function), text(newest, "Version"))
	if !seen {
		was = text(newest, "Description")
	}
	return was == text(latest, "Description") && reflect.DeepEqual(lasting(latest), lasting(newest))
}

// lasting is the part of a configuration that makes a version a new one.
func lasting(configuration object) object {
	kept := object{}
	for _, field := range []string{
		"CodeSha256", "Runtime", "Role", "Handler", "Timeout", "MemorySize", "Environment", "Layers", "TracingConfig",
		"VpcConfig", "KMSKeyArn", "EphemeralStorage", "LoggingConfig", "Architectures", "DeadLetterConfig",
		"FileSystemConfigs", "ImageConfigResponse", "DurableConfig", "PackageType",
	} {
		if value := configuration[field]; value != nil {
			kept[field] = value
		}
	}
	return kept
}

// updateFunctionCode corrects the ARN of what Publish made.
func updateFunctionCode(x *exchange) (*answer, error) {
	var body object
	return x.amend(&body, func() {
		if version := text(body, "Version"); numberText.MatchString(version) {
			body["FunctionArn"] = x.functionARN(x.call.Function) + ":" + version
		}
	})
}
