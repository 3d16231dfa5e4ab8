package emulator

import (
	"maps"
	"regexp"
	"slices"
)

// patchNames finds the names of launcher.py's patches.
var patchNames = regexp.MustCompile(`(?m)^ {4}"([a-z0-9-]+)": \(`)

// Corrections are the names of all that is corrected: the rules of the proxy, and the patches that
// the emulator starts with.
func Corrections() []string {
	names := slices.Sorted(maps.Keys(rules))
	for _, match := range patchNames.FindAllSubmatch(launcher, -1) {
		names = append(names, string(match[1]))
	}
	return names
}

// rules are the corrections, by service and operation. A rule either forwards
// the call and corrects the answer, or has it authorised by the emulator and
// then answers from what the emulator says to root: so enforced IAM holds for
// corrected calls too.
var rules = map[string]func(*exchange) (*answer, error){
	"apigateway:CreateDeployment":  keepDeployment,
	"apigateway:CreateIntegration": keepIntegration,
	"apigateway:ExportApi":         exportAPI,
	"apigateway:GetExport":         readDeployment,
	"apigateway:GetIntegrations":   readIntegrations,
	"apigateway:UpdateIntegration": keepIntegration,

	"application-autoscaling:DeregisterScalableTarget": scalableTargets,
	"application-autoscaling:DescribeScalableTargets":  scalableTargets,
	"application-autoscaling:RegisterScalableTarget":   scalableTargets,

	"cloudformation:DescribeStacks": describeStacks,
	"cloudformation:ListStacks":     listStacks,

	"cloudtrail:LookupEvents": lookupEvents,

	"cloudwatch:DeleteDashboards":          dashboards,
	"cloudwatch:DescribeAlarmContributors": describeContributors,
	"cloudwatch:DeleteAlarmMuteRule":       muteRules,
	"cloudwatch:DeleteAlarms":              deleteAlarms,
	"cloudwatch:DescribeAlarms":            describeAlarms,
	"cloudwatch:GetDashboard":              dashboards,
	"cloudwatch:GetAlarmMuteRule":          muteRules,
	"cloudwatch:GetMetricWidgetImage":      widgetImage,
	"cloudwatch:ListAlarmMuteRules":        muteRules,
	"cloudwatch:GetMetricData":             getMetricData,
	"cloudwatch:ListDashboards":            dashboards,
	"cloudwatch:ListMetrics":               listMetrics,
	"cloudwatch:PutDashboard":              dashboards,
	"cloudwatch:PutAlarmMuteRule":          muteRules,
	"cloudwatch:PutCompositeAlarm":         putCompositeAlarm,
	"cloudwatch:PutMetricAlarm":            putMetricAlarm,

	"lambda:CreateAlias":                        changeAlias,
	"lambda:DeleteAlias":                        deleteAlias,
	"lambda:DeleteFunction":                     deleteFunction,
	"lambda:DeleteProvisionedConcurrencyConfig": deleteProvisioned,
	"lambda:GetAccountSettings":                 accountSettings,
	"lambda:GetFunction":                        getFunction,
	"lambda:GetFunctionConfiguration":           getFunctionConfiguration,
	"lambda:GetFunctionScalingConfig":           scalingConfig,
	"lambda:ListAliases":                        listAliases,
	"lambda:ListEventSourceMappings":            listEventSourceMappings,
	"lambda:ListFunctionEventInvokeConfigs":     listEventInvokeConfigs,
	"lambda:ListFunctions":                      listFunctions,
	"lambda:ListProvisionedConcurrencyConfigs":  listProvisioned,
	"lambda:ListVersionsByFunction":             listVersions,
	"lambda:PublishVersion":                     publishVersion,
	"lambda:PutFunctionScalingConfig":           scalingConfig,
	"lambda:PutProvisionedConcurrencyConfig":    putProvisioned,
	"lambda:UpdateAlias":                        changeAlias,
	"lambda:UpdateFunctionCode":                 updateFunctionCode,

	"logs:FilterLogEvents":       filterLogEvents,
	"logs:PutMetricFilter":       putMetricFilter,
	"logs:PutSubscriptionFilter": putSubscription,

	"pipes:CreatePipe":   keepPipe,
	"pipes:DescribePipe": readPipes,
	"pipes:ListPipes":    readPipes,
	"pipes:UpdatePipe":   keepPipe,

	"scheduler:ListScheduleGroups": listScheduleGroups,

	"servicequotas:GetAWSDefaultServiceQuota":                     answerQuotas,
	"servicequotas:GetServiceQuota":                               answerQuotas,
	"servicequotas:ListAWSDefaultServiceQuotas":                   listQuotas,
	"servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota": answerQuotas,
	"servicequotas:ListServiceQuotas":                             listQuotas,
	"servicequotas:RequestServiceQuotaIncrease":                   answerQuotas,

	"sns:Publish": publish,

	"states:DescribeStateMachineForExecution": describeForExecution,
	"states:StartExecution":                   startExecution,

	"tag:GetResources": getResources,
}
