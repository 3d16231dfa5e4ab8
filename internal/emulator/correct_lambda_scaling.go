package emulator

import "net/http"

// scalingConfig keeps and answers the scaling configurations of versions on Lambda Managed Instances,
// of which the emulator knows nothing. What nobody requested is not there; that three environments
// are applied without it is AWS's default.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionScalingConfig.html
func scalingConfig(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	versions, err := x.everyVersion(x.call.Function)
	if err != nil {
		return nil, err
	}
	arn := x.functionARN(x.call.Function)
	for _, version := range versions {
		switch {
		case text(version, "Version") != x.call.Qualifier:
			continue
		case version["CapacityProviderConfig"] == nil:
			return x.refuse(http.StatusForbidden, "AccessDeniedException",
				"The function provided by the arn does not contain a capacity provider configuration"), nil
		case x.call.Operation == "PutFunctionScalingConfig":
			var sent struct{ FunctionScalingConfig object }
			if err := decode(x.body, &sent); err != nil {
				return nil, err
			}
			remember(&x.memory, &x.memory.scaling, arn, x.call.Qualifier, sent.FunctionScalingConfig)
			return found(object{"FunctionState": "Active"})
		}
		body := object{"FunctionArn": arn + ":" + x.call.Qualifier, "AppliedFunctionScalingConfig": object{"MinExecutionEnvironments": 3}}
		if requested, is := recall(&x.memory, &x.memory.scaling, arn, x.call.Qualifier); is {
			body["AppliedFunctionScalingConfig"], body["RequestedFunctionScalingConfig"] = requested, requested
		}
		return found(body)
	}
	return x.refuse(http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+arn+":"+x.call.Qualifier), nil
}
