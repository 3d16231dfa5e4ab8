package limitraiser

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"caretaker/internal/setting"
)

// usageForm is that of a dimension of a metric in AWS/Usage.
var usageForm = regexp.MustCompile(`^[A-Za-z0-9 _./:-]{1,255}$`)

// problems collects what is wrong, under keys of the limit-raiser's section.
type problems []setting.Problem

func (p *problems) wrong(key string, value any, allowed string) {
	*p = append(*p, setting.Problem{Key: "limitRaiser." + key, Value: fmt.Sprint(value), Allowed: allowed})
}

// unique says of a name that it was there before.
func (p *problems) unique(key, name string, seen map[string]bool) {
	if seen[name] {
		p.wrong(key, name, "each name once")
	}
	seen[name] = true
}

// Validate says everything that is wrong, each with its key, its value and what is allowed.
func (c Config) Validate() []setting.Problem {
	p := problems(setting.Check("limitRaiser", c))
	if c.ByTag && c.Ceiling == 0 {
		p.wrong("ceiling", c.Ceiling, "units a second from 1 with byTag: without a ceiling whoever may tag a table may spend")
	}
	if s := c.Sizing; s.Percent == 0 && s.Units == 0 && !s.ToDemand {
		p.wrong("sizing.toDemand", s.ToDemand, "true where percent and units are 0: otherwise nothing says how far to raise")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Limits.Prices)) {
		if !slices.Contains(PriceNames(), name) {
			p.wrong("limits.prices."+name, name, "one of "+strings.Join(PriceNames(), ", "))
		}
	}
	c.namedOnce(&p)
	for index, quota := range c.Quotas {
		quota.Usage.validate(&p, fmt.Sprintf("quotas[%d].usage", index))
	}
	return p
}

// namedOnce says which entries of the lists were there before.
func (c Config) namedOnce(p *problems) {
	tables, streams, functions, quotas := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for index, table := range c.Tables {
		p.unique(fmt.Sprintf("tables[%d].name", index), table.Name, tables)
		indexes := map[string]bool{}
		for number, one := range table.Indexes {
			p.unique(fmt.Sprintf("tables[%d].indexes[%d].name", index, number), one.Name, indexes)
		}
	}
	for index, stream := range c.Streams {
		p.unique(fmt.Sprintf("streams[%d].name", index), stream.Name, streams)
	}
	for index, function := range c.Functions {
		p.unique(fmt.Sprintf("functions[%d].name", index), function.Name, functions)
	}
	for index, quota := range c.Quotas {
		if key := quota.Service + "/" + quota.Code; quotas[key] {
			p.wrong(fmt.Sprintf("quotas[%d].code", index), quota.Code, "each name once")
		} else {
			quotas[key] = true
		}
	}
}

func (u Usage) validate(p *problems, key string) {
	if u.Namespace != "" && u.Namespace != usageNamespace {
		if u.Metric == "" {
			p.wrong(key+".metric", u.Metric, "the name of the metric in "+u.Namespace)
		}
		if u.Service+u.Resource+u.Class != "" {
			p.wrong(key+".resource", u.Resource, "neither service, resource nor class outside AWS/Usage, where the metric has no dimensions")
		}
		return
	}
	if u.Resource == "" {
		if u.Service+u.Metric != "" {
			p.wrong(key+".resource", u.Resource, "what is counted, such as vCPU: without it there is no alarm")
		}
		return
	}
	for name, value := range map[string]string{"service": u.Service, "resource": u.Resource} {
		if !usageForm.MatchString(value) {
			p.wrong(key+"."+name, value, "a dimension of the quota's metric in AWS/Usage, such as EC2 or vCPU")
		}
	}
	if u.Class != "" && !usageForm.MatchString(u.Class) {
		p.wrong(key+".class", u.Class, "a dimension of the quota's metric in AWS/Usage, such as None")
	}
}
