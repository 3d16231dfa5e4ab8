package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The emulator has no Service Quotas. The proxy knows some quotas instead, by AWS's defaults, and
// what a test says of them.

// quotaDefault is a quota as AWS ships it.
type quotaDefault struct {
	service, name string
	value         float64
	// usage is the metric that counts its usage, where AWS names one that no test need say.
	usage object
}

// quotaDefaults are the quotas that the proxy knows, as AWS listed them in November 2026.
var quotaDefaults = map[string]quotaDefault{
	// Its metric is the account's, without dimensions.
	"lambda/L-B99A9384": {"AWS Lambda", "Concurrent executions", 1000, object{
		"MetricNamespace": "AWS/Lambda", "MetricName": "ConcurrentExecutions", "MetricDimensions": object{}, "MetricStatisticRecommendation": "Maximum",
	}},
	"vpc/L-45FE3B85": {"Amazon Virtual Private Cloud (Amazon VPC)", "Egress-only internet gateways per Region", 5, nil},
	"vpc/L-A4707A72": {"Amazon Virtual Private Cloud (Amazon VPC)", "Internet gateways per Region", 5, nil},
	"vpc/L-F678F1CE": {"Amazon Virtual Private Cloud (Amazon VPC)", "VPCs per Region", 5, nil},
}

// Quota is what a test says of a quota. All of it holds in every account and Region.
type Quota struct {
	// Service and Code name it: vpc, L-F678F1CE.
	Service, Code string
	// Metric counts its usage, in AWS/Usage: ResourceCount or CallCount. Empty: what AWS names, where
	// the proxy knows that, and otherwise nothing counts it.
	Metric string
	// Dimensions are the metric's.
	Dimensions map[string]string
	// Name, OfService and Default are those of a quota that the proxy does not know by itself. Per is the time that it is
	// over, of a quota of calls.
	Name, OfService string
	Default         float64
	Per             time.Duration
	// Fixed is one that AWS adjusts for nobody.
	Fixed bool
	// DefaultOnly is one that GetServiceQuota does not know, as AWS answers for some that were
	// never changed.
	DefaultOnly bool
}

// QuotaRequest is a request for a higher quota.
type QuotaRequest struct {
	Value float64
	// SupportCase is whether the request may open a case.
	SupportCase bool
	// Status is as AWS names it: PENDING, CASE_OPENED, APPROVED, DENIED, NOT_APPROVED, ...
	Status string
	made   time.Time
	// answered is when it got its present status.
	answered time.Time
}

// open is whether AWS takes no further request beside this one.
func (r QuotaRequest) open() bool { return r.Status == "PENDING" || r.Status == "CASE_OPENED" }

// quota is one with what became of it.
type quota struct {
	Quota
	value    float64 // 0: the default
	requests []QuotaRequest
}

// SetQuota says what a quota is like. Its value is the default again, and nobody has asked for more.
func (e *Emulator) SetQuota(q Quota) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	if e.memory.quotas == nil {
		e.memory.quotas = map[string]quota{}
	}
	e.memory.quotas[q.Service+"/"+q.Code] = quota{Quota: q}
}

// ForgetQuota takes back what was said of a quota. One that the proxy does not know by itself is gone.
func (e *Emulator) ForgetQuota(service, code string) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	delete(e.memory.quotas, service+"/"+code)
}

// QuotaRequests are the requests for a quota, oldest first.
func (e *Emulator) QuotaRequests(service, code string) []QuotaRequest {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	return slices.Clone(e.memory.quotas[service+"/"+code].requests)
}

// QuotaAnswer is what AWS says to a request.
type QuotaAnswer struct {
	// Status is the request's from then on.
	Status string
	// At is when AWS says it; zero is now.
	At time.Time
	// Granted raises the quota, as APPROVED does, and a support case may.
	Granted bool
}

// AnswerQuotaRequest answers the open request for a quota.
func (e *Emulator) AnswerQuotaRequest(service, code string, answer QuotaAnswer) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	known := e.memory.quotas[service+"/"+code]
	for index := range known.requests {
		request := &known.requests[index]
		if !request.open() {
			continue
		}
		request.Status, request.answered = answer.Status, cmp.Or(answer.At, time.Now())
		if answer.Granted || answer.Status == "APPROVED" {
			known.value = request.Value
		}
	}
	e.memory.quotas[service+"/"+code] = known
}

// answerQuotas answers a call about one quota.
func answerQuotas(x *exchange) (*answer, error) {
	var asked quotaQuestion
	refused, err := x.asks(&asked)
	if err != nil || refused != nil {
		return refused, err
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	known := x.memory.quotas[asked.ServiceCode+"/"+asked.QuotaCode]
	described := x.describeQuota(asked, known)
	if described == nil || x.call.Operation == "GetServiceQuota" && known.DefaultOnly {
		return x.refuse(http.StatusBadRequest, "NoSuchResourceException", "The request failed because the specified service does not exist."), nil
	}
	switch x.call.Operation {
	case "RequestServiceQuotaIncrease":
		return x.requestQuota(asked, known, described)
	case "ListRequestedServiceQuotaChangeHistoryByQuota":
		return listQuotaRequests(asked, known, described)
	}
	if known.value > 0 && x.call.Operation == "GetServiceQuota" {
		described["Value"] = known.value
	}
	return found(object{"Quota": described})
}

// quotaQuestion is what the calls about one quota ask for.
type quotaQuestion struct {
	ServiceCode, QuotaCode, NextToken string
	MaxResults                        int
	DesiredValue                      float64
	SupportCaseAllowed                *bool
}

// describeQuota is a quota by its default; nil where the proxy knows none.
func (x *exchange) describeQuota(asked quotaQuestion, known quota) object {
	name := asked.ServiceCode + "/" + asked.QuotaCode
	shipped, found := quotaDefaults[name]
	if known.Default > 0 {
		shipped, found = quotaDefault{service: known.OfService, name: known.Name, value: known.Default}, true
	}
	if !found {
		return nil
	}
	described := object{
		"ServiceCode": asked.ServiceCode, "ServiceName": shipped.service, "QuotaCode": asked.QuotaCode, "QuotaName": shipped.name,
		"QuotaArn": strings.Join([]string{"arn:aws:servicequotas", x.region(), x.account(), name}, ":"),
		"Value":    shipped.value, "Unit": "None", "Adjustable": !known.Fixed, "GlobalQuota": false,
	}
	switch {
	case known.Metric == "" && shipped.usage != nil:
		described["UsageMetric"] = shipped.usage
	case known.Metric != "":
		described["UsageMetric"] = object{
			"MetricNamespace": "AWS/Usage", "MetricName": known.Metric, "MetricDimensions": known.Dimensions,
			"MetricStatisticRecommendation": map[bool]string{true: "Sum", false: "Maximum"}[known.Metric == "CallCount"],
		}
	}
	if known.Per > 0 {
		described["Period"] = object{"PeriodValue": int(known.Per / time.Second), "PeriodUnit": "SECOND"}
	}
	return described
}

// requestQuota refuses as AWS documents it: what cannot be asked for, what is not an increase, and a
// second request beside an open one.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
func (x *exchange) requestQuota(asked quotaQuestion, known quota, described object) (*answer, error) {
	value := cmp.Or(known.value, described["Value"].(float64))
	switch {
	case described["Adjustable"] != true:
		return x.refuse(http.StatusBadRequest, "IllegalArgumentException", "The quota is not adjustable."), nil
	case asked.DesiredValue <= value:
		return x.refuse(http.StatusBadRequest, "IllegalArgumentException", "You must provide a quota value greater than the current quota value."), nil
	case slices.ContainsFunc(known.requests, QuotaRequest.open):
		return x.refuse(http.StatusBadRequest, "ResourceAlreadyExistsException", "Only one open service quota increase request is allowed per quota."), nil
	}
	made := QuotaRequest{Value: asked.DesiredValue, SupportCase: asked.SupportCaseAllowed == nil || *asked.SupportCaseAllowed, Status: "PENDING", made: time.Now(), answered: time.Now()}
	known.Service, known.Code = asked.ServiceCode, asked.QuotaCode
	known.requests = append(known.requests, made)
	if x.memory.quotas == nil {
		x.memory.quotas = map[string]quota{}
	}
	x.memory.quotas[asked.ServiceCode+"/"+asked.QuotaCode] = known
	return found(object{"RequestedQuota": made.answer(described)})
}

// listQuotaRequests makes pages.
func listQuotaRequests(asked quotaQuestion, known quota, described object) (*answer, error) {
	part, next := window(known.requests, asked.NextToken, cmp.Or(asked.MaxResults, quotaPage))
	list := make([]object, 0, len(part))
	for _, request := range part {
		list = append(list, request.answer(described))
	}
	body := object{"RequestedQuotas": list}
	if next != "" {
		body["NextToken"] = next
	}
	return found(body)
}

// quotaPage is smaller than AWS's 100, so that two requests make two pages.
const quotaPage = 1

func (r QuotaRequest) answer(described object) object {
	body := pick(described, "ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "QuotaArn", "GlobalQuota", "Unit")
	maps.Copy(body, object{
		"Id": fmt.Sprintf("%x", r.made.UnixNano()), "DesiredValue": r.Value, "Status": r.Status,
		"Created": r.made.Unix(), "LastUpdated": r.answered.Unix(), "QuotaRequestedAtLevel": "ACCOUNT",
	})
	return body
}
