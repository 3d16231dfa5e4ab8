package emulator

import "slices"

// taggingPage is GetResources' greatest page; the emulator answers with the whole list.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
const taggingPage = 100

// getResources makes pages, and knows log groups, where they alone are asked for, and what else the emulator does not list. What
// has no tags is not in it. The last page's token is empty, not absent.
func getResources(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	var asked struct {
		PaginationToken     string
		ResourcesPerPage    int
		ResourceTypeFilters []string
	}
	var body struct {
		PaginationToken        string
		ResourceTagMappingList []resourceTags
	}
	if err := decode(x.body, &asked); err != nil {
		return nil, err
	}
	if err := decode(given.body, &body); err != nil {
		return nil, err
	}
	size := taggingPage
	if asked.ResourcesPerPage > 0 {
		size = min(size, asked.ResourcesPerPage)
	}
	if slices.Equal(asked.ResourceTypeFilters, []string{"logs:log-group"}) {
		page, next, err := x.taggedGroups(asked.PaginationToken, size)
		if err != nil {
			return nil, err
		}
		return given.replace(object{"ResourceTagMappingList": page, "PaginationToken": next})
	}
	if body.ResourceTagMappingList, err = x.withElsewhere(body.ResourceTagMappingList, asked.ResourceTypeFilters); err != nil {
		return nil, err
	}
	body.ResourceTagMappingList, body.PaginationToken = window(body.ResourceTagMappingList, asked.PaginationToken, size)
	return given.replace(body)
}
