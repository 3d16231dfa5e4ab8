package emulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// The emulator takes any text as a dashboard, keeps it by Region, and cannot be listed, since its times are texts. The proxy
// keeps dashboards instead: of an account as a whole, as AWS does, and only those that AWS takes.

// keptDashboard is one of an account.
type keptDashboard struct {
	body    string
	changed time.Time
}

// dashboardPage is smaller than AWS's thousand, so that few dashboards make two pages.
const dashboardPage = 3

// dashboardName is what AWS allows, as recorded: a dot is not.
var dashboardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// dashboards answers the calls about dashboards that the emulator allows the caller.
func dashboards(x *exchange) (*answer, error) {
	request, refused, err := x.asksInCBOR()
	if err != nil || refused != nil {
		return refused, err
	}
	name, _ := request["DashboardName"].(cbor.String)
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	there := x.memory.dashboards[x.account()]
	switch x.call.Operation {
	case "PutDashboard":
		body, _ := request["DashboardBody"].(cbor.String)
		return x.putDashboard(string(name), string(body)), nil
	case "ListDashboards":
		return x.listDashboards(request, there), nil
	case "GetDashboard":
		if _, has := there[string(name)]; !has {
			return x.refuse(http.StatusNotFound, "ResourceNotFound", "Dashboard "+string(name)+" does not exist"), nil
		}
		return inCBOR(cbor.Map{
			"DashboardArn": cbor.String(x.dashboardARN(string(name))), "DashboardBody": cbor.String(there[string(name)].body), "DashboardName": name,
		}), nil
	}
	// All or none are deleted.
	names, _ := request["DashboardNames"].(cbor.List)
	for _, item := range names {
		if name, _ := item.(cbor.String); there[string(name)].body == "" {
			return x.refuse(http.StatusNotFound, "ResourceNotFound", "Dashboard "+string(name)+" does not exist"), nil
		}
	}
	for _, item := range names {
		name, _ := item.(cbor.String)
		delete(there, string(name))
	}
	return inCBOR(cbor.Map{}), nil
}

func (x *exchange) dashboardARN(name string) string {
	return "arn:aws:cloudwatch::" + x.account() + ":dashboard/" + name
}

func (x *exchange) listDashboards(request cbor.Map, there map[string]keptDashboard) *answer {
	prefix, _ := request["DashboardNamePrefix"].(cbor.String)
	token, _ := request["NextToken"].(cbor.String)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(there)), func(name string) bool { return !strings.HasPrefix(name, string(prefix)) })
	part, next := window(names, string(token), dashboardPage)
	list := cbor.List{}
	for _, name := range part {
		list = append(list, cbor.Map{
			"DashboardName": cbor.String(name), "DashboardArn": cbor.String(x.dashboardARN(name)), "Size": cbor.Uint(len(there[name].body)),
			"LastModified": &cbor.Tag{ID: 1, Value: cbor.Float64(float64(there[name].changed.Unix()))},
		})
	}
	body := cbor.Map{"DashboardEntries": list}
	if next != "" {
		body["NextToken"] = cbor.String(next)
	}
	return inCBOR(body)
}

// putDashboard takes a dashboard, with warnings or none, or refuses it with what is wrong.
func (x *exchange) putDashboard(name, body string) *answer {
	if !dashboardName.MatchString(name) {
		return x.refuse(http.StatusBadRequest, "InvalidParameterValue", "The value "+name+" for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).")
	}
	var parsed any
	var check dashboardCheck
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		check.error("", "The field DashboardBody must be a valid JSON object")
	} else {
		check.body(parsed)
	}
	messages := cbor.List{}
	for _, message := range append(check.errors, check.warnings...) {
		messages = append(messages, cbor.Map{"DataPath": cbor.String(message.path), "Message": cbor.String(message.text)})
	}
	if len(check.errors) > 0 {
		given := inCBOR(cbor.Map{
			"__type":  cbor.String("com.amazonaws.cloudwatch#DashboardInvalidInputError"),
			"message": cbor.String(fmt.Sprintf("The dashboard body is invalid, there are %d validation errors", len(messages))), "dashboardValidationMessages": messages,
		})
		given.status = http.StatusBadRequest
		given.header.Set("X-Amzn-Query-Error", "InvalidParameterInput;Sender")
		return given
	}
	if x.memory.dashboards == nil {
		x.memory.dashboards = map[string]map[string]keptDashboard{}
	}
	if x.memory.dashboards[x.account()] == nil {
		x.memory.dashboards[x.account()] = map[string]keptDashboard{}
	}
	x.memory.dashboards[x.account()][name] = keptDashboard{body, time.Now()}
	return inCBOR(cbor.Map{"DashboardValidationMessages": messages})
}
