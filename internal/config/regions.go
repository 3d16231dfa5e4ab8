package config

import (
	"fmt"
	"regexp"
	"slices"

	"caretaker/internal/setting"
)

// RegionForm is the form of a Region's name, for the loader and the schema.
const RegionForm = `^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`

var regionForm = regexp.MustCompile(RegionForm)

// regions says what is wrong with the Regions. One that AWS does not have would be found out late: by
// the CDK, which deploys the other stacks first, and by name servers that do not know its endpoints.
func (s Sections) regions() []setting.Problem {
	var problems []setting.Problem
	check := func(key string, list []string, instead func(string) string) {
		for index, region := range list {
			allowed := instead(region)
			if allowed == "" && slices.Index(list, region) < index {
				allowed = "each Region once"
			}
			if allowed != "" {
				problems = append(problems, setting.Problem{Key: fmt.Sprintf("%s[%d]", key, index), Value: region, Allowed: allowed})
			}
		}
	}
	check("regions", s.Regions, s.RegionInstead)
	check("newRegions", s.NewRegions, func(name string) string {
		if regionForm.MatchString(name) {
			return ""
		}
		return aRegion
	})
	return problems
}

const aRegion = "a Region such as eu-west-1"

// RegionInstead says what is allowed in the place of a Region that AWS does not have; empty for one that
// it has.
func (s Sections) RegionInstead(name string) string {
	known := slices.Concat(knownRegions, s.NewRegions)
	switch near := closest(name, known); {
	case slices.Contains(known, name):
		return ""
	case !regionForm.MatchString(name):
		return aRegion
	case near != "":
		return "a Region of AWS, did you mean " + near + "? One that is newer than this Caretaker also goes into newRegions"
	}
	return "a Region of AWS. One that is newer than this Caretaker also goes into newRegions"
}

// knownRegions are those of the SDK, in all partitions; a test compares them.
var knownRegions = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-1", "eu-central-2", "eu-isoe-west-1", "eu-north-1",
	"eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "eusc-de-east-1", "il-central-1", "me-central-1",
	"me-south-1", "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1", "us-east-1", "us-east-2", "us-gov-east-1",
	"us-gov-west-1", "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "us-isof-east-1", "us-isof-south-1",
	"us-west-1", "us-west-2",
}
