package emulator

import (
	"encoding/json"
)

// taggingPage is GetResources' greatest page; the emulator answers with the whole list.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
const taggingPage = 100

// getResources makes pages. The last one's token is empty, not absent.
func getResources(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	var asked struct {
		PaginationToken  string
		ResourcesPerPage int
	}
	var body struct {
		PaginationToken        string
		ResourceTagMappingList []json.RawMessage
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
	body.ResourceTagMappingList, body.PaginationToken = window(body.ResourceTagMappingList, asked.PaginationToken, size)
	return given.replace(body)
}
