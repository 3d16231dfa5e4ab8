package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"caretaker/internal/tag"
)

// DashboardDecision is what happens to one dashboard, or to a service that gets none, and why.
type DashboardDecision struct {
	Dashboard string `json:"dashboard,omitempty"`
	// Service is whose it is; empty is the fleet's.
	Service string `json:"service,omitempty"`
	Fate
	// Changes are the widgets that differ, of one to change.
	Changes []Change `json:"changes,omitempty"`

	wanted Dashboard
}

// boards are the dashboards that are wanted.
type boards struct {
	// fleet is the name of the fleet's, empty where there is none; services are the names by service.
	fleet    string
	services map[string]string
	// without are the services that get none.
	without []DashboardDecision
	// frozen keeps what there is as it is, since what was read is not all; why says what.
	frozen Reason
	why    string
}

// of is the dashboard to look at when something is wrong with a resource: its service's, else the fleet's.
func (b boards) of(service string) string { return cmp.Or(b.services[service], b.fleet) }

// boardsFor says which dashboards there are to be.
func boardsFor(facts Facts, resources []Resource, cfg Dashboards, held string) boards {
	b := boards{services: map[string]string{}, frozen: facts.doubt(held), why: held}
	if facts.DashboardsUnread != "" {
		b.frozen, b.why = ListFailed, facts.DashboardsUnread
	}
	if cfg.Fleet {
		b.fleet = fleetName(facts.Stage, facts.Place.Region)
	}
	there := map[string]bool{}
	for _, dashboard := range facts.Dashboards {
		there[dashboard.Name] = true
	}
	sizes, tagged := map[string]int{}, map[string]bool{}
	for _, resource := range resources {
		if named := resource.Tags[tag.Service]; named != "" || resource.stack() != "" {
			service := serviceOf(resource)
			sizes[service]++
			tagged[service] = tagged[service] || named != ""
		}
	}
	name := func(service string) string { return serviceName(facts.Stage, facts.Place.Region, service) }
	// Who has one keeps it; of the rest the largest come first.
	services := slices.SortedFunc(maps.Keys(sizes), func(x, y string) int {
		if there[name(x)] != there[name(y)] {
			if there[name(x)] {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(sizes[y], sizes[x]), cmp.Compare(x, y))
	})
	for _, service := range services {
		without := DashboardDecision{Service: service, Fate: Fate{Outcome: NoDashboard}}
		switch {
		case cfg.Services == NoServices, cfg.Services == TaggedServices && !tagged[service]:
			without.Reason, without.Detail = NotAsked, "services: "+cfg.Services
		case len(b.services) >= cfg.Most:
			without.Reason, without.Detail = OverMostServices, fmt.Sprint(cfg.Most)
		default:
			b.services[service] = name(service)
			continue
		}
		b.without = append(b.without, without)
	}
	return b
}

// decideDashboards is what is to be done about dashboards.
func decideDashboards(facts Facts, b boards, resources []watched) []DashboardDecision {
	there := map[string]ExistingDashboard{}
	for _, dashboard := range facts.Dashboards {
		there[dashboard.Name] = dashboard
	}
	decisions := slices.Clone(b.without)
	want := func(dashboard Dashboard) {
		decision := DashboardDecision{Dashboard: dashboard.Name, Service: dashboard.Service, wanted: dashboard}
		existing, has := there[dashboard.Name]
		delete(there, dashboard.Name)
		if has && b.frozen == "" {
			decision.Changes = bodyChanges(existing.Body, dashboard.Body)
		}
		switch {
		case b.frozen != "" && has:
			decision.Outcome, decision.Reason, decision.Detail = Kept, b.frozen, b.why
		case b.frozen != "":
			decision.Outcome, decision.Reason, decision.Detail = NotYet, b.frozen, b.why
		case !has:
			decision.Outcome, decision.Reason = ToCreate, NoSuchDashboard
		case len(decision.Changes) > 0:
			decision.Outcome, decision.Reason = ToChange, DashboardDiffers
		default:
			decision.Outcome, decision.Reason = Kept, AsItShould
		}
		decisions = append(decisions, decision)
	}
	if b.fleet != "" {
		want(Dashboard{b.fleet, "", fleetBody(resources, facts.Place, facts.Stage, len(b.services))})
	}
	members := map[string][]watched{}
	for _, resource := range resources {
		service := serviceOf(resource.Resource)
		members[service] = append(members[service], resource)
	}
	for _, service := range slices.Sorted(maps.Keys(b.services)) {
		want(Dashboard{b.services[service], service, serviceBody(service, members[service], facts.Place, facts.Stage)})
	}
	without := map[string]DashboardDecision{}
	for _, decision := range b.without {
		without[serviceName(facts.Stage, facts.Place.Region, decision.Service)] = decision
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		decision := DashboardDecision{Dashboard: name, Fate: Fate{Outcome: ToDelete, Reason: ServiceGone}}
		if known, does := without[name]; does {
			decision.Service, decision.Reason, decision.Detail = known.Service, known.Reason, known.Detail
		}
		if name == fleetName(facts.Stage, facts.Place.Region) {
			decision.Reason = NotAsked
		}
		if b.frozen != "" {
			decision.Outcome, decision.Reason, decision.Detail = Kept, b.frozen, b.why
		}
		decisions = append(decisions, decision)
	}
	slices.SortFunc(decisions, func(x, y DashboardDecision) int {
		return cmp.Or(cmp.Compare(x.Service, y.Service), cmp.Compare(x.Dashboard, y.Dashboard))
	})
	return decisions
}

// limitDashboards leaves what is over the most changes of a run to later ones.
func limitDashboards(decisions []DashboardDecision, room int) {
	for at := range decisions {
		if !decisions[at].Acts() {
			continue
		}
		if room <= 0 {
			decisions[at].postpone(OverMost)
		}
		room--
	}
}

// What dashboards cost in cents a month, and how many of an account are free:
// https://aws.amazon.com/cloudwatch/pricing/
const (
	centsADashboard = 300
	freeDashboards  = 3
)

// boardCents is what so many dashboards add to the bill of an account that has others.
func boardCents(count, others int) int {
	return centsADashboard * (max(count+others-freeDashboards, 0) - max(others-freeDashboards, 0))
}

// boardsAfter is how many dashboards there are when all is done.
func boardsAfter(decisions []DashboardDecision) (count int) {
	for _, decision := range decisions {
		if decision.Outcome == ToCreate || decision.Outcome == ToChange || decision.Outcome == Kept {
			count++
		}
	}
	return count
}

// Wanted are the dashboards that there are when all is done, the fleet's first.
func (p Plan) Wanted() (all []Dashboard) {
	for _, decision := range p.Dashboards {
		if decision.wanted.Name != "" {
			all = append(all, decision.wanted)
		}
	}
	return all
}
