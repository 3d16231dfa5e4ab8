package emulator

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// mostQuotas is the greatest page of the lists of quotas:
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
const mostQuotas = 100

// quotaServices are some that AWS has quotas of, of which the proxy knows none by itself.
var quotaServices = strings.Fields("apigateway cloudformation dynamodb events firehose kinesis kms logs monitoring scheduler secretsmanager sns sqs ssm states")

// listQuotas answers with the quotas of a service, sorted by code: as they are in the account, without those that are
// known by their default only, or as AWS ships them.
func listQuotas(x *exchange) (*answer, error) {
	var asked quotaQuestion
	refused, err := x.asks(&asked)
	if err != nil || refused != nil {
		return refused, err
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	applied := x.call.Operation == "ListServiceQuotas"
	var list []object
	service := asked.ServiceCode + "/"
	names := slices.Concat(slices.Collect(maps.Keys(quotaDefaults)), slices.Collect(maps.Keys(x.memory.quotas)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		code, of := strings.CutPrefix(name, service)
		known := x.memory.quotas[name]
		described := x.describeQuota(quotaQuestion{ServiceCode: asked.ServiceCode, QuotaCode: code}, known)
		if !of || described == nil {
			continue
		}
		if applied && known.DefaultOnly {
			continue
		}
		if applied && known.value > 0 {
			described["Value"] = known.value
		}
		list = append(list, described)
	}
	if len(list) == 0 && !slices.Contains(quotaServices, asked.ServiceCode) && !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, service) }) {
		return x.refuse(http.StatusBadRequest, "NoSuchResourceException", "The request failed because the specified service does not exist."), nil
	}
	part, next := window(list, asked.NextToken, min(cmp.Or(asked.MaxResults, mostQuotas), mostQuotas))
	body := object{"Quotas": slices.Concat([]object{}, part)}
	if next != "" {
		body["NextToken"] = next
	}
	return found(body)
}
