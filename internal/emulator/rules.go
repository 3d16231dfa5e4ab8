package emulator

// rules are the corrections, by service and operation. A rule either forwards
// the call and corrects the answer, or has it authorised by the emulator and
// then answers from what the emulator says to root: so enforced IAM holds for
// corrected calls too.
var rules map[string]func(*exchange) (*answer, error)

func init() { // rules call each other's ways through exchange.answer
	rules = map[string]func(*exchange) (*answer, error){
		"lambda:DeleteFunction":                    deleteFunction,
		"lambda:GetAccountSettings":                accountSettings,
		"lambda:GetFunction":                       getFunction,
		"lambda:GetFunctionConfiguration":          getFunctionConfiguration,
		"lambda:ListAliases":                       listAliases,
		"lambda:ListEventSourceMappings":           listEventSourceMappings,
		"lambda:ListFunctionEventInvokeConfigs":    listEventInvokeConfigs,
		"lambda:ListFunctions":                     listFunctions,
		"lambda:ListProvisionedConcurrencyConfigs": listProvisioned,
		"lambda:ListVersionsByFunction":            listVersions,
		"lambda:PublishVersion":                    publishVersion,
		"lambda:PutProvisionedConcurrencyConfig":   putProvisioned,
		"lambda:UpdateFunctionCode":                updateFunctionCode,
	}
}
