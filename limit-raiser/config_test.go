package limitraiser

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"caretaker/internal/setting"
	"caretaker/internal/want"
)

func TestDefault_isValidOffAndDry(t *testing.T) {
	cfg := Default()
	want.Equal(t, "enabled", cfg.Enabled, false)
	want.Equal(t, "dry run", cfg.DryRun, true)
	if problems := cfg.Validate(); len(problems) > 0 {
		t.Errorf("the default has problems: %v, want none", problems)
	}
}

func TestValidate_namesTheKeyThatIsWrong(t *testing.T) {
	long := strings.Repeat("x", 256)
	index := func(name string, read, write int64) Index {
		return Index{Name: name, Read: Capacity{read}, Write: Capacity{write}}
	}
	for _, test := range []struct {
		name string
		set  func(*Config)
		want string // the keys, empty when all is well
	}{
		{"no percent", func(c *Config) { c.Sizing.Percent = 0 }, ""},
		{"fewer percent than none", func(c *Config) { c.Sizing.Percent = -1 }, "sizing.percent"},
		{"too many percent", func(c *Config) { c.Sizing.Percent = 1001 }, "sizing.percent"},
		{"a percentage that is not a number", func(c *Config) { c.Sizing.Percent = math.NaN() }, "sizing.percent"},
		{"units", func(c *Config) { c.Sizing.Units = 1000000 }, ""},
		{"too many units", func(c *Config) { c.Sizing.Units = 1000001 }, "sizing.units"},
		{"nothing that says how far", func(c *Config) { c.Sizing.Percent, c.Sizing.ToDemand = 0, false }, "sizing.toDemand"},
		{"units alone", func(c *Config) { c.Sizing = Sizing{Units: 10, RetryFactor: 1, MaxFactor: 1.1} }, ""},
		{"a request that is sent less than once", func(c *Config) { c.Sizing.RetryFactor = 0.9 }, "sizing.retryFactor"},
		{"a request that is sent too often", func(c *Config) { c.Sizing.RetryFactor = 21 }, "sizing.retryFactor"},
		{"a factor that raises nothing", func(c *Config) { c.Sizing.MaxFactor = 1 }, "sizing.maxFactor"},
		{"too large a factor", func(c *Config) { c.Sizing.MaxFactor = 101 }, "sizing.maxFactor"},
		{"an infinite factor", func(c *Config) { c.Sizing.MaxFactor = math.Inf(1) }, "sizing.maxFactor"},

		{"no rest", func(c *Config) { c.Limits.Cooldown = 0 }, ""},
		{"a rest of a day", func(c *Config) { c.Limits.Cooldown = setting.Duration(setting.Day) }, ""},
		{"a rest of more than a day", func(c *Config) { c.Limits.Cooldown = setting.Duration(setting.Day + time.Second) }, "limits.cooldown"},
		{"no raise a day", func(c *Config) { c.Limits.RaisesADay = 0 }, "limits.raisesADay"},
		{"too many raises a day", func(c *Config) { c.Limits.RaisesADay = 101 }, "limits.raisesADay"},
		{"nothing that may cost", func(c *Config) { c.Limits.AddedCostAMonth = 0 }, ""},
		{"a cost that is not a number", func(c *Config) { c.Limits.AddedCostAMonth = math.NaN() }, "limits.addedCostAMonth"},
		{"money back", func(c *Config) { c.Limits.AddedCostAMonth = -1 }, "limits.addedCostAMonth"},
		{"a price", func(c *Config) {
			c.Limits.Prices = map[string]float64{PriceWriteUnit: 0, PriceReadUnit: 0.5, PriceShard: 1}
		}, ""},
		{"a price under nothing", func(c *Config) { c.Limits.Prices = map[string]float64{PriceShard: -1} }, "limits.prices.shardHour"},
		{"a price of nothing known", func(c *Config) { c.Limits.Prices = map[string]float64{"storage": 1} }, "limits.prices.storage"},

		{"tags with a ceiling", func(c *Config) { c.ByTag, c.Ceiling = true, 4000 }, ""},
		{"tags without a ceiling", func(c *Config) { c.ByTag = true }, "ceiling"},
		{"a ceiling under nothing", func(c *Config) { c.Ceiling = -1 }, "ceiling"},
		{"too high a ceiling", func(c *Config) { c.Ceiling = 1000001 }, "ceiling"},

		{"a table", func(c *Config) { c.Tables = []Table{{Name: "my_table.v-1", Read: Capacity{1}, AlarmAbove: 100}} }, ""},
		{"a table that is never raised", func(c *Config) { c.Tables = []Table{{Name: "orders"}} }, ""},
		{"a table without a name", func(c *Config) { c.Tables = []Table{{Name: ""}} }, "tables[0].name"},
		{"a table by its ARN", func(c *Config) {
			c.Tables = []Table{{Name: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"}}
		}, "tables[0].name"},
		{"a table with a short name", func(c *Config) { c.Tables = []Table{{Name: "ab"}} }, "tables[0].name"},
		{"a table with a long name", func(c *Config) { c.Tables = []Table{{Name: long}} }, "tables[0].name"},
		{"a table with a wildcard", func(c *Config) { c.Tables = []Table{{Name: "orders-*"}} }, "tables[0].name"},
		{"a table twice", func(c *Config) { c.Tables = []Table{{Name: "orders"}, {Name: "carts"}, {Name: "orders"}} }, "tables[2].name"},
		{"maxima under nothing", func(c *Config) {
			c.Tables = []Table{{Name: "orders", Read: Capacity{-1}, Write: Capacity{-1}}}
		}, "tables[0].read.max tables[0].write.max"},
		{"maxima over everything", func(c *Config) {
			c.Tables = []Table{{Name: "orders", Read: Capacity{1000001}, Write: Capacity{1000001}}}
		}, "tables[0].read.max tables[0].write.max"},
		{"an index of the same name in two tables", func(c *Config) {
			c.Tables = []Table{{Name: "orders", Indexes: []Index{index("byDate", 1, 0)}}, {Name: "carts", Indexes: []Index{index("byDate", 0, 1)}}}
		}, ""},
		{"an index twice", func(c *Config) {
			c.Tables = []Table{{Name: "orders", Indexes: []Index{index("byDate", 1, 1), index("byDate", 1, 1)}}}
		}, "tables[0].indexes[1].name"},
		{"an index with everything wrong", func(c *Config) {
			c.Tables = []Table{{Name: "orders", Indexes: []Index{index("by date", -1, 1000001)}}}
		}, "tables[0].indexes[0].name tables[0].indexes[0].read.max tables[0].indexes[0].write.max"},

		{"a stream", func(c *Config) { c.Streams = []Stream{{Name: "s", MaxShards: 10000}} }, ""},
		{"a stream twice with too many shards", func(c *Config) {
			c.Streams = []Stream{{Name: "clicks"}, {Name: "clicks", MaxShards: 10001}}
		}, "streams[1].maxShards streams[1].name"},
		{"a stream with a long name", func(c *Config) { c.Streams = []Stream{{Name: long[:129]}} }, "streams[0].name"},
		{"fewer shards than none", func(c *Config) { c.Streams = []Stream{{Name: "clicks", MaxShards: -1}} }, "streams[0].maxShards"},

		{"a function of the same name as a stream", func(c *Config) {
			c.Streams, c.Functions = []Stream{{Name: "clicks"}}, []Function{{Name: "clicks", MaxConcurrency: 1000000}}
		}, ""},
		{"a function with its alias", func(c *Config) { c.Functions = []Function{{Name: "checkout:live"}} }, "functions[0].name"},
		{"a function twice", func(c *Config) { c.Functions = []Function{{Name: "checkout"}, {Name: "checkout"}} }, "functions[1].name"},
		{"a concurrency under nothing", func(c *Config) { c.Functions = []Function{{Name: "checkout", MaxConcurrency: -1}} }, "functions[0].maxConcurrency"},

		{"a quota", func(c *Config) { c.Quotas = []Quota{{Service: "lambda", Code: "L-B99A9384", Max: 5000}} }, ""},
		{"a quota with its metric", func(c *Config) {
			c.Quotas = []Quota{{
				Service: "ec2", Code: "L-1216C47A", Max: 1e10,
				Usage: Usage{Service: "EC2", Resource: "vCPU", Type: "Resource", Class: "Standard/OnDemand"},
			}}
		}, ""},
		{"a quota with a metric of another namespace", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-B99A9384", Usage: Usage{Namespace: "AWS/Lambda", Metric: "ConcurrentExecutions"}}}
		}, ""},
		{"a namespace alone", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1", Usage: Usage{Namespace: "AWS/Lambda"}}}
		}, "quotas[0].usage.metric"},
		{"a metric of AWS/Usage alone", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1", Usage: Usage{Metric: "ResourceCount"}}}
		}, "quotas[0].usage.resource"},
		{"dimensions outside AWS/Usage", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1", Usage: Usage{Namespace: "AWS/Lambda", Metric: "ConcurrentExecutions", Service: "Lambda"}}}
		}, "quotas[0].usage.resource"},
		{"a namespace that is not one", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1", Usage: Usage{Namespace: "{}", Metric: "{}"}}}
		}, "quotas[0].usage.metric quotas[0].usage.namespace"},
		{"quotas of one code in two services", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1"}, {Service: "ec2", Code: "L-1"}}
		}, ""},
		{"a quota twice", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1"}, {Service: "lambda", Code: "L-1"}}
		}, "quotas[1].code"},
		{"a quota by its name", func(c *Config) {
			c.Quotas = []Quota{{Service: "AWS Lambda", Code: "Concurrent executions", Max: math.NaN()}}
		}, "quotas[0].code quotas[0].max quotas[0].service"},
		{"a quota's metric without what is counted", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1", Usage: Usage{Service: "Lambda"}}}
		}, "quotas[0].usage.resource"},
		{"a quota's metric with everything else wrong", func(c *Config) {
			c.Quotas = []Quota{{Service: "lambda", Code: "L-1", Usage: Usage{Resource: "a", Type: "resource", Class: "{}"}}}
		}, "quotas[0].usage.class quotas[0].usage.service quotas[0].usage.type"},

		{"memory, and the ceiling", func(c *Config) { c.Function.Memory, c.ByTag = 1, true }, "ceiling function.memory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := Default()
			test.set(&cfg)
			var keys []string
			for _, problem := range cfg.Validate() {
				keys = append(keys, strings.TrimPrefix(problem.Key, "limitRaiser."))
				if problem.Allowed == "" {
					t.Errorf("%s: it is not said what is allowed", problem.Key)
				}
			}
			slices.Sort(keys)
			want.Equal(t, "the keys with a problem", strings.Join(keys, " "), test.want)
		})
	}
}
