package emulator

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

const logsTarget = "Logs_20140328."

// resourceTags is an entry of GetResources.
type resourceTags struct {
	ResourceARN string
	Tags        []resourceTag
}

type resourceTag struct{ Key, Value string }

// taggedGroups answers GetResources that asks for log groups alone, of which the emulator knows none
// there. As on AWS only those are in it that have tags. Their tags are asked for one by one, and so for
// one page at a time: the token counts the groups that were.
func (x *exchange) taggedGroups(token string, size int) (page []resourceTags, next string, err error) {
	names, err := x.groupNames()
	if err != nil {
		return nil, "", err
	}
	decoded, _ := base64.StdEncoding.DecodeString(token)
	from, _ := strconv.Atoi(string(decoded)) // no token: from the start
	page = []resourceTags{}
	for at := min(from, len(names)); at < len(names); at++ {
		if len(page) == size {
			return page, base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(at))), nil
		}
		arn := "arn:aws:logs:" + x.region() + ":" + x.account() + ":log-group:" + names[at]
		var listed struct{ Tags map[string]string }
		if _, err := x.askTarget("logs", logsTarget+"ListTagsForResource", object{"resourceArn": arn}, &listed); err != nil {
			return nil, "", err
		}
		entry := resourceTags{ResourceARN: arn}
		for key, value := range listed.Tags {
			entry.Tags = append(entry.Tags, resourceTag{key, value})
		}
		slices.SortFunc(entry.Tags, func(a, b resourceTag) int { return strings.Compare(a.Key, b.Key) })
		if len(entry.Tags) > 0 {
			page = append(page, entry)
		}
	}
	return page, "", nil
}

// groupNames are those of all log groups.
func (x *exchange) groupNames() (names []string, err error) {
	for asked := (object{}); ; {
		var page struct {
			LogGroups []struct{ LogGroupName string }
			NextToken string
		}
		if _, err := x.askTarget("logs", logsTarget+"DescribeLogGroups", asked, &page); err != nil {
			return nil, err
		}
		for _, group := range page.LogGroups {
			names = append(names, group.LogGroupName)
		}
		if page.NextToken == "" {
			return names, nil
		}
		asked["nextToken"] = page.NextToken
	}
}
