package emulator

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// functionPage is the most items that ListFunctions and ListVersionsByFunction
// answer with, whatever MaxItems says.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
const functionPage = 50

// mappingPage is ListEventSourceMappings' greatest page.
const mappingPage = 100

// dateLayout is how Lambda writes LastModified.
const dateLayout = "2006-01-02T15:04:05.000-0700"

// listFunctions stands in for FunctionVersion=ALL, which the emulator ignores, and
// for the clamp. Pages go by name and number, so that deletions in between skip
// nothing.
func listFunctions(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	query := x.request.URL.Query()
	which := query.Get("FunctionVersion")
	if which != "" && which != "ALL" {
		return x.invalid("functionVersion", which, "Member must satisfy enum value set: [ALL]"), nil
	}
	size, refused := x.pageSize(functionPage)
	if refused != nil {
		return refused, nil
	}
	after := readMarker(query.Get("Marker"))
	functions, err := x.everyFunction()
	if err != nil {
		return nil, err
	}
	var items []object
	for _, function := range functions {
		name := text(function, "FunctionName")
		switch {
		case which == "" && name > after.function:
			items = append(items, x.listed(function, false))
		case which == "ALL" && name >= after.function && len(items) <= size:
			versions, err := x.everyVersion(name)
			if err != nil {
				return nil, err
			}
			for _, version := range versions {
				if after.before(version) {
					items = append(items, x.listed(version, true))
				}
			}
		}
	}
	return given.replace(page(items, size, "Functions"))
}

// listVersions corrects the clamp, the ARN of $LATEST and the items.
func listVersions(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	size, refused := x.pageSize(functionPage)
	if refused != nil {
		return refused, nil
	}
	versions, err := x.everyVersion(x.call.Function)
	if err != nil {
		return nil, err
	}
	after := readMarker(x.request.URL.Query().Get("Marker"))
	var items []object
	for _, version := range versions {
		if after.before(version) {
			items = append(items, x.listed(version, true))
		}
	}
	return given.replace(page(items, size, "Versions"))
}

// listEventSourceMappings corrects the clamp: the emulator's marker is the last
// item's id.
func listEventSourceMappings(x *exchange) (*answer, error) {
	var body struct {
		EventSourceMappings []object
		NextMarker          string `json:",omitempty"`
	}
	return x.amend(&body, func() {
		if len(body.EventSourceMappings) > mappingPage {
			body.EventSourceMappings = body.EventSourceMappings[:mappingPage]
			body.NextMarker = text(body.EventSourceMappings[mappingPage-1], "UUID")
		}
	})
}

// listAliases filters by FunctionVersion, which the emulator ignores. Only the
// primary version counts, as on AWS.
func listAliases(x *exchange) (*answer, error) {
	version := x.request.URL.Query().Get("FunctionVersion")
	if version == "" {
		return x.forward()
	}
	var body object
	return x.amend(&body, func() {
		aliases, _ := body["Aliases"].([]any)
		body["Aliases"] = slices.DeleteFunc(aliases, func(alias any) bool {
			fields, _ := alias.(object)
			return text(fields, "FunctionVersion") != version
		})
	})
}

// getFunction corrects the configuration inside the answer.
func getFunction(x *exchange) (*answer, error) {
	var body object
	return x.amend(&body, func() {
		if configuration, is := body["Configuration"].(object); is {
			x.mark(configuration)
		}
	})
}

func getFunctionConfiguration(x *exchange) (*answer, error) {
	var body object
	return x.amend(&body, func() { x.mark(body) })
}

// everyFunction is every $LATEST of the caller's account and Region, by name.
func (x *exchange) everyFunction() ([]object, error) {
	var body struct{ Functions []object }
	_, err := x.ask("lambda", "/2015-03-31/functions/", url.Values{"MaxItems": {"1000000"}}, &body)
	slices.SortFunc(body.Functions, func(a, b object) int {
		return cmp.Compare(text(a, "FunctionName"), text(b, "FunctionName"))
	})
	return body.Functions, err
}

// everyVersion is $LATEST and the numbered versions of a function in their
// order; none when the function is gone.
func (x *exchange) everyVersion(name string) ([]object, error) {
	var body struct{ Versions []object }
	_, err := x.ask("lambda", "/2015-03-31/functions/"+url.PathEscape(name)+"/versions", url.Values{"MaxItems": {"1000000"}}, &body)
	return body.Versions, err
}

// listed is a configuration as AWS's lists show it.
func (x *exchange) listed(configuration object, qualified bool) object {
	for _, field := range []string{
		"State", "StateReason", "StateReasonCode",
		"LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "RuntimeVersionConfig",
	} {
		delete(configuration, field)
	}
	arn := x.functionARN(text(configuration, "FunctionName"))
	configuration["FunctionArn"] = arn
	if qualified {
		configuration["FunctionArn"] = arn + ":" + text(configuration, "Version")
	}
	x.mark(configuration)
	return configuration
}

// mark sets what tests said of a version.
func (x *exchange) mark(configuration object) {
	arn, version := x.functionARN(text(configuration, "FunctionName")), text(configuration, "Version")
	if published, is := recall(&x.memory, &x.memory.published, arn, version); is {
		configuration["LastModified"] = published.UTC().Format(dateLayout)
	}
	if master, is := recall(&x.memory, &x.memory.edge, arn, version); is && master != "" {
		configuration["MasterArn"] = master
	}
}

// marker is where a page ended. On the wire it is opaque.
type marker struct {
	function string
	version  int // $LATEST is 0, and -1 stands before it
}

func readMarker(given string) marker {
	decoded, err := base64.StdEncoding.DecodeString(given)
	name, version, found := strings.Cut(string(decoded), " ")
	if err != nil || !found {
		return marker{version: -1}
	}
	return marker{name, number(version)}
}

func (m marker) before(configuration object) bool {
	return cmp.Or(cmp.Compare(m.function, text(configuration, "FunctionName")),
		cmp.Compare(m.version, number(text(configuration, "Version")))) < 0
}

func number(version string) int {
	n, _ := strconv.Atoi(version) // $LATEST is 0
	return n
}

// page is the first page of items, and how to get the next.
func page(items []object, size int, name string) object {
	body := object{name: items}
	if items == nil {
		body[name] = []object{}
	}
	if len(items) > size {
		last := items[size-1]
		at := text(last, "FunctionName") + " " + text(last, "Version")
		body[name], body["NextMarker"] = items[:size], base64.StdEncoding.EncodeToString([]byte(at))
	}
	return body
}

// pageSize is MaxItems within 1 and most.
func (x *exchange) pageSize(most int) (int, *answer) {
	given := x.request.URL.Query().Get("MaxItems")
	if given == "" {
		return most, nil
	}
	size, err := strconv.Atoi(given)
	if err != nil || size < 1 || size > 10000 {
		return 0, x.invalid("maxItems", given, "Member must have value between 1 and 10000")
	}
	return min(size, most), nil
}

// invalid is AWS's answer to a parameter of a wrong form.
func (x *exchange) invalid(field, value, rule string) *answer {
	return x.refuse(http.StatusBadRequest, "ValidationException",
		"1 validation error detected: Value '"+value+"' at '"+field+"' failed to satisfy constraint: "+rule)
}
