package janitor

import (
	"fmt"
	"net/http"
	"strings"

	"caretaker/internal/emulator/lambdasim"
)

// What hangs on a version by its qualifier: somebody set it for those who call that very version.
var qualifierCases = []scanCase{
	{
		"async settings of its own", "checks.asyncDestinations",
		func(w *world) {
			w.change("orders", func(f *lambdasim.Function) {
				f.Destinations = []lambdasim.Destination{{Qualifier: "$LATEST"}, {Qualifier: "1"}}
			})
		},
		Decision{Reason: Referenced(AsyncSettings), Detail: "its own"},
	},
	{
		"async settings of its own with a destination", "checks.asyncDestinations",
		func(w *world) {
			w.change("orders", func(f *lambdasim.Function) {
				f.Destinations = []lambdasim.Destination{{Qualifier: "1", OnFailure: "arn:aws:sqs:us-east-1:000000000000:failed"}}
			})
		},
		Decision{Reason: Referenced(AsyncSettings)},
	},
	{
		"a scalable target, scaled to nothing just now", "checks.scalableTargets",
		func(w *world) {
			w.on("Application Auto Scaling.DescribeScalableTargets", func(_ int, request string) (int, string) {
				if !strings.Contains(request, `"NextToken":"2"`) {
					return http.StatusOK, `{"ScalableTargets":[` + scalable("function:orders:live") + `],"NextToken":"2"}`
				}
				return http.StatusOK, `{"ScalableTargets":[` + scalable("function:orders:1") + `]}`
			})
		},
		Decision{Reason: Referenced(ScalableTarget), Detail: "provisioned concurrency of 0 to 5"},
	},
	{
		"a scaling configuration on Lambda Managed Instances", "checks.managedInstances",
		func(w *world) {
			w.change("orders", func(f *lambdasim.Function) { f.Managed = true })
			w.on("Lambda.GetFunctionScalingConfig", func(_ int, request string) (int, string) {
				switch {
				case strings.Contains(request, "Qualifier=1\n"):
					return http.StatusOK, `{"RequestedFunctionScalingConfig":{"MinExecutionEnvironments":4}}`
				case strings.Contains(request, "Qualifier=2\n"):
					return http.StatusNotFound, "ResourceNotFoundException"
				}
				return http.StatusOK, `{"AppliedFunctionScalingConfig":{"MinExecutionEnvironments":3}}`
			})
		},
		Decision{Reason: Referenced(ScalingConfig), Detail: "at least 4 environments requested"},
	},
}

func scalable(resource string) string {
	return fmt.Sprintf(`{"ServiceNamespace":"lambda","ScalableDimension":"lambda:function:ProvisionedConcurrency","ResourceId":%q,"MinCapacity":0,"MaxCapacity":5}`, resource)
}
