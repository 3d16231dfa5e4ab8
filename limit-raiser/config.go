package limitraiser

import "caretaker/internal/setting"

// Config is the limit-raiser's section of caretaker.yaml.
type Config struct {
	// Enabled says whether the limit-raiser's stack is deployed at all.
	Enabled bool `json:"enabled" yaml:"enabled"`
	// DryRun keeps the deployed function from raising anything: it reports what it would raise.
	DryRun bool `json:"dryRun" yaml:"dryRun"`
	// Function is the deployed function's size.
	Function setting.Function `json:"function" yaml:"function"`
	// Sizing says how far one raise goes.
	Sizing Sizing `json:"sizing" yaml:"sizing"`
	// Limits bound what all raises together may do.
	Limits Limits `json:"limits" yaml:"limits"`
	// Tables, Streams, Functions and Quotas are what may be raised, each with its maximum:
	// without one nothing is raised.
	Tables    []Table    `json:"tables" yaml:"tables"`
	Streams   []Stream   `json:"streams" yaml:"streams"`
	Functions []Function `json:"functions" yaml:"functions"`
	Quotas    []Quota    `json:"quotas" yaml:"quotas"`
	// ByTag raises tables too that carry the tag caretaker:raise=max:4000.
	ByTag bool `json:"byTag" yaml:"byTag"`
	// Ceiling bounds the maximum that a tag may give a table, in units a second, since whoever
	// may tag is not whoever may spend. 0 allows none.
	Ceiling int64 `json:"ceiling" yaml:"ceiling"`
}

// Sizing says how far one raise goes: of percent, units and demand the largest wins.
type Sizing struct {
	// Percent of the present capacity, 0 to 1,000. 0 is off, but a raise without any metrics
	// then takes 50.
	Percent float64 `json:"percent" yaml:"percent"`
	// Units added, 0 is off.
	Units float64 `json:"units" yaml:"units"`
	// ToDemand raises straight to the estimated demand plus Headroom.
	ToDemand bool `json:"toDemand" yaml:"toDemand"`
	// Headroom is the share added to the estimated demand.
	Headroom setting.Percent `json:"headroom" yaml:"headroom"`
	// RetryFactor is how often a client sends a throttled request in all, 1 to 20: of so many
	// throttled requests one was meant.
	RetryFactor float64 `json:"retryFactor" yaml:"retryFactor"`
	// MaxFactor bounds one raise to so many times the present capacity, above 1 to 100.
	MaxFactor float64 `json:"maxFactor" yaml:"maxFactor"`
}

// Limits bound what raises may do.
type Limits struct {
	// Cooldown is how long a resource rests after a raise, 0s to 1d.
	Cooldown setting.Duration `json:"cooldown" yaml:"cooldown"`
	// RaisesADay is how often one resource may be raised in a UTC day, 1 to 100.
	RaisesADay int `json:"raisesADay" yaml:"raisesADay"`
	// AddedCostAMonth caps in US dollars what all raises of a UTC month together may add to a
	// month's bill, at list prices. 0 allows only raises that cost nothing.
	AddedCostAMonth float64 `json:"addedCostAMonth" yaml:"addedCostAMonth"`
	// Prices overrides the price table: by the names in it, in US dollars.
	Prices map[string]float64 `json:"prices" yaml:"prices"`
}

// Capacity bounds one dimension of a resource.
type Capacity struct {
	// Max is the highest that it is ever raised to. 0 never raises it.
	Max int64 `json:"max" yaml:"max"`
}

// Table is a DynamoDB table. Units are a second.
type Table struct {
	Name    string   `json:"name" yaml:"name"`
	Read    Capacity `json:"read" yaml:"read"`
	Write   Capacity `json:"write" yaml:"write"`
	Indexes []Index  `json:"indexes" yaml:"indexes"`
	// AlarmAbove is the share of the provisioned units over which its alarms call the raiser.
	AlarmAbove setting.Percent `json:"alarmAbove" yaml:"alarmAbove"`
}

// Index is a global secondary index of a table.
type Index struct {
	Name  string   `json:"name" yaml:"name"`
	Read  Capacity `json:"read" yaml:"read"`
	Write Capacity `json:"write" yaml:"write"`
}

// Stream is a Kinesis data stream.
type Stream struct {
	Name string `json:"name" yaml:"name"`
	// MaxShards is the most shards it is raised to. 0 never raises it.
	MaxShards int64 `json:"maxShards" yaml:"maxShards"`
	// AlarmAbove is the share of the shards' bytes or records over which its alarms call.
	AlarmAbove setting.Percent `json:"alarmAbove" yaml:"alarmAbove"`
}

// Function is a Lambda function with reserved concurrency.
type Function struct {
	Name string `json:"name" yaml:"name"`
	// MaxConcurrency is the most that is reserved for it. 0 never raises it.
	MaxConcurrency int64 `json:"maxConcurrency" yaml:"maxConcurrency"`
	// AlarmAbove is the share of its reserved concurrency over which its alarm calls.
	AlarmAbove setting.Percent `json:"alarmAbove" yaml:"alarmAbove"`
}

// Quota is a service quota by its codes.
type Quota struct {
	Service string `json:"service" yaml:"service"`
	Code    string `json:"code" yaml:"code"`
	// Max is the highest value ever asked for. 0 never asks.
	Max float64 `json:"max" yaml:"max"`
	// SupportCase allows AWS to open a support case for the request.
	SupportCase bool `json:"supportCase" yaml:"supportCase"`
	// AlarmAbove is the share of the quota over which its alarm calls.
	AlarmAbove setting.Percent `json:"alarmAbove" yaml:"alarmAbove"`
}
