package config

import (
	"fmt"
	"slices"

	limitraiser "caretaker/limit-raiser"
)

// Notes say what is allowed and yet mostly a mistake; environment is the Region that holds where
// the file names none, and may be empty.
func (s Sections) Notes(environment string) []string {
	var notes []string
	named := s.Regions
	if len(named) == 0 && environment != "" {
		named = []string{environment}
	}
	for _, region := range named {
		if slices.Contains(knownRegions, region) {
			continue
		}
		meant := ""
		if near := closest(region, knownRegions); near != "" {
			meant = "; did you mean " + near + "?"
		}
		notes = append(notes, fmt.Sprintf("%s is not one of the Regions that AWS had in November 2026%s", region, meant))
	}
	if s.LimitRaiser.Enabled && !raises(s.LimitRaiser) {
		notes = append(notes, "limitRaiser is enabled and can raise nothing: list tables, streams, functions or quotas, each with a maximum, or set byTag with a ceiling")
	}
	if s.LimitRaiser.Enabled {
		notes = append(notes, s.LimitRaiser.Notes()...)
	}
	return notes
}

// raises is whether there is anything that may be raised.
func raises(c limitraiser.Config) bool {
	units := func(read, write limitraiser.Capacity) bool { return read.Max > 0 || write.Max > 0 }
	return c.ByTag ||
		slices.ContainsFunc(c.Tables, func(t limitraiser.Table) bool {
			return units(t.Read, t.Write) || slices.ContainsFunc(t.Indexes, func(i limitraiser.Index) bool { return units(i.Read, i.Write) })
		}) ||
		slices.ContainsFunc(c.Streams, func(s limitraiser.Stream) bool { return s.MaxShards > 0 }) ||
		slices.ContainsFunc(c.Functions, func(f limitraiser.Function) bool { return f.MaxConcurrency > 0 }) ||
		slices.ContainsFunc(c.Quotas, func(q limitraiser.Quota) bool { return q.Max > 0 })
}

// knownRegions are the Regions with Lambda: https://docs.aws.amazon.com/general/latest/gr/lambda-service.html
var knownRegions = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-1", "eu-central-2", "eu-isoe-west-1", "eu-north-1",
	"eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "eusc-de-east-1", "il-central-1", "me-central-1",
	"me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-iso-east-1",
	"us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "us-isof-east-1", "us-isof-south-1", "us-west-1", "us-west-2",
}
