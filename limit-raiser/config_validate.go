package limitraiser

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"caretaker/internal/setting"
)

// The forms of names, and the most there can be of something:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
var (
	tableForm    = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	streamForm   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	functionForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	serviceForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{1,62}$`)
	quotaForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{1,127}$`)
	usageForm    = regexp.MustCompile(`^[A-Za-z0-9 _./:-]{1,255}$`)
)

const (
	mostUnits  = 1_000_000
	mostShards = 10_000
	mostQuota  = 10_000_000_000
	mostCost   = 10_000_000
)

// problems collects what is wrong, under keys of the limit-raiser's section.
type problems []setting.Problem

func (p *problems) wrong(key string, value any, allowed string) {
	*p = append(*p, setting.Problem{Key: "limitRaiser." + key, Value: fmt.Sprint(value), Allowed: allowed})
}

// between says what is wrong with a number that must lie between two; no number lies so.
func (p *problems) between(key string, value, least, most float64, allowed string) {
	if math.IsNaN(value) || value < least || value > most {
		p.wrong(key, value, allowed)
	}
}

// whole is between for whole numbers from 0.
func (p *problems) whole(key string, value, most int64) {
	if value < 0 || value > most {
		p.wrong(key, value, fmt.Sprintf("a whole number from 0 (never) to %d", most))
	}
}

// named says what is wrong with a name: its form, or that it was there before.
func (p *problems) named(key, name string, form *regexp.Regexp, seen map[string]bool, allowed string) {
	if !form.MatchString(name) {
		p.wrong(key, name, allowed)
	} else if seen[name] {
		p.wrong(key, name, "each name once")
	}
	seen[name] = true
}

// Validate says everything that is wrong, each with its key, its value and what is allowed.
func (c Config) Validate() []setting.Problem {
	p := problems(c.Function.Validate("limitRaiser.function"))
	c.Sizing.validate(&p)
	c.Limits.validate(&p)
	p.whole("ceiling", c.Ceiling, mostUnits)
	if c.ByTag && c.Ceiling == 0 {
		p.wrong("ceiling", c.Ceiling, "units a second from 1 with byTag: without a ceiling whoever may tag a table may spend")
	}
	validateTables(&p, c.Tables)
	seen := map[string]bool{}
	for index, stream := range c.Streams {
		key := fmt.Sprintf("streams[%d]", index)
		p.named(key+".name", stream.Name, streamForm, seen, "a stream's name: up to 128 letters, digits and _.-")
		p.whole(key+".maxShards", stream.MaxShards, mostShards)
	}
	seen = map[string]bool{}
	for index, function := range c.Functions {
		key := fmt.Sprintf("functions[%d]", index)
		p.named(key+".name", function.Name, functionForm, seen, "a function's name, not its ARN: up to 64 letters, digits and _-")
		p.whole(key+".maxConcurrency", function.MaxConcurrency, mostUnits)
	}
	validateQuotas(&p, c.Quotas)
	return p
}

func (s Sizing) validate(p *problems) {
	p.between("sizing.percent", s.Percent, 0, 1000, "a number from 0 (off) to 1000")
	p.between("sizing.units", s.Units, 0, mostUnits, "a number from 0 (off) to 1000000")
	p.between("sizing.retryFactor", s.RetryFactor, 1, 20, "a number from 1 to 20")
	p.between("sizing.maxFactor", s.MaxFactor, 1.1, 100, "a number from 1.1 to 100")
	if s.Percent == 0 && s.Units == 0 && !s.ToDemand {
		p.wrong("sizing.toDemand", s.ToDemand, "true where percent and units are 0: otherwise nothing says how far to raise")
	}
}

func (l Limits) validate(p *problems) {
	if rest := l.Cooldown.Std(); rest < 0 || rest > setting.Day {
		p.wrong("limits.cooldown", l.Cooldown, "a duration from 0s to 1d")
	}
	if l.RaisesADay < 1 || l.RaisesADay > 100 {
		p.wrong("limits.raisesADay", l.RaisesADay, "a whole number from 1 to 100")
	}
	p.between("limits.addedCostAMonth", l.AddedCostAMonth, 0, mostCost, "US dollars from 0 to 10000000")
	for _, name := range slices.Sorted(maps.Keys(l.Prices)) {
		if !slices.Contains(PriceNames(), name) {
			p.wrong("limits.prices."+name, name, "one of "+strings.Join(PriceNames(), ", "))
		}
		p.between("limits.prices."+name, l.Prices[name], 0, mostCost, "US dollars from 0 to 10000000")
	}
}

func validateTables(p *problems, tables []Table) {
	const units = "a name, not an ARN: 3 to 255 letters, digits and _.-"
	seen := map[string]bool{}
	for index, table := range tables {
		key := fmt.Sprintf("tables[%d]", index)
		p.named(key+".name", table.Name, tableForm, seen, units)
		p.whole(key+".read.max", table.Read.Max, mostUnits)
		p.whole(key+".write.max", table.Write.Max, mostUnits)
		indexes := map[string]bool{}
		for number, index := range table.Indexes {
			key := fmt.Sprintf("%s.indexes[%d]", key, number)
			p.named(key+".name", index.Name, tableForm, indexes, units)
			p.whole(key+".read.max", index.Read.Max, mostUnits)
			p.whole(key+".write.max", index.Write.Max, mostUnits)
		}
	}
}

func validateQuotas(p *problems, quotas []Quota) {
	services := map[string]map[string]bool{}
	for index, quota := range quotas {
		key := fmt.Sprintf("quotas[%d]", index)
		if !serviceForm.MatchString(quota.Service) {
			p.wrong(key+".service", quota.Service, "a service's code such as lambda")
		}
		if services[quota.Service] == nil {
			services[quota.Service] = map[string]bool{}
		}
		p.named(key+".code", quota.Code, quotaForm, services[quota.Service], "a quota's code such as L-B99A9384")
		p.between(key+".max", quota.Max, 0, mostQuota, "a number from 0 (never) to 10000000000")
		quota.Usage.validate(p, key+".usage")
	}
}

func (u Usage) validate(p *problems, key string) {
	if u.Type != "" && u.Type != UsageOfResource && u.Type != UsageOfAPI {
		p.wrong(key+".type", u.Type, "Resource or API")
	}
	if u.Resource == "" {
		if u.Service != "" {
			p.wrong(key+".resource", u.Resource, "what is counted, such as ConcurrentExecutions: without it there is no alarm")
		}
		return
	}
	for name, value := range map[string]string{"service": u.Service, "resource": u.Resource} {
		if !usageForm.MatchString(value) {
			p.wrong(key+"."+name, value, "a dimension of the quota's metric in AWS/Usage, such as Lambda or ConcurrentExecutions")
		}
	}
	if u.Class != "" && !usageForm.MatchString(u.Class) {
		p.wrong(key+".class", u.Class, "a dimension of the quota's metric in AWS/Usage, such as None")
	}
}
