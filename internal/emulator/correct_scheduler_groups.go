package emulator

import "strconv"

// groupPage is ListScheduleGroups' greatest page.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListScheduleGroups.html
const groupPage = 100

// listScheduleGroups makes pages: the emulator leaves out what is over the first.
func listScheduleGroups(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	query := x.request.URL.Query()
	size := groupPage
	if asked, err := strconv.Atoi(query.Get("MaxResults")); err == nil && asked > 0 {
		size = min(size, asked)
	}
	token := query.Get("NextToken")
	query.Del("NextToken")
	query.Set("MaxResults", strconv.Itoa(1<<30))
	var all struct{ ScheduleGroups []object }
	if _, err := x.ask("scheduler", "/schedule-groups", query, &all); err != nil {
		return nil, err
	}
	page, next := window(all.ScheduleGroups, token, size)
	body := object{"ScheduleGroups": page}
	if next != "" {
		body["NextToken"] = next
	}
	return given.replace(body)
}
