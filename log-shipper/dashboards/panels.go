package dashboards

// panel is one picture, table or list.
type panel struct {
	name, title, about string
	// kind is that of the picture: table, histogram or markdown. A panel with columns is a list of documents.
	kind string
	// query says which documents count, in Lucene's syntax.
	query string
	// metrics are the numbers; groups what they are grouped by, the outermost first.
	metrics []metric
	groups  []group
	// stacked is how bars stand on each other: stacked, or percentage.
	stacked string
	// text is what a markdown panel says.
	text string
	// columns are the fields of a list, sort the field that it is sorted by and asc or desc.
	columns, sort []string
}

// metric is a number over documents.
type metric struct {
	kind, field, label string
	// percents are those of percentiles.
	percents []float64
	// missing is what documents without the field count as; 0 leaves them out.
	missing int
}

// group is what documents are grouped by: the values of a field, times, or queries.
type group struct {
	field, label string
	// most is how many values are shown, those with the highest by first: the number of a metric, from 1.
	most, by int
	queries  []named
}

type named struct{ label, query string }

const (
	table     = "table"
	histogram = "histogram"
	markdown  = "markdown"
)

// reports are Lambda's own last lines of invocations.
const reports = "event.action:report"

// invocations counts them where some are sampled away, too.
var invocations = metric{kind: "sum", field: "sample.weight", label: "Invocations", missing: 1}

var byFunction = func(by int) group { return group{field: "faas.name", label: "Function", most: 20, by: by} }

var overTime = group{field: "@timestamp", label: "Time"}

var panels = []panel{
	{
		name: "errors-over-time", title: "errors over time", about: "Lines of level error and fatal, by function",
		kind: histogram, stacked: "stacked", query: "log.level:(error OR fatal)",
		metrics: []metric{{kind: "count", label: "Errors"}}, groups: []group{overTime, {field: "faas.name", label: "Function", most: 10, by: 1}},
	},
	{
		name: "errors-by-function", title: "errors by function", about: "Lines of level error and fatal, and in how many invocations",
		kind: table, query: "log.level:(error OR fatal)",
		metrics: []metric{{kind: "count", label: "Errors"}, {kind: "cardinality", field: "faas.execution", label: "Invocations"}, {kind: "max", field: "@timestamp", label: "Last"}},
		groups:  []group{byFunction(1)},
	},
	{
		name: "failures-by-function", title: "time-outs and out of memory", about: "Invocations that Lambda ended, by what it says of them",
		kind: table, query: "aws.lambda.timed_out:true OR aws.lambda.out_of_memory:true",
		metrics: []metric{invocations}, groups: []group{byFunction(1), {field: "aws.lambda.status", label: "Status", most: 5, by: 1}},
	},
	{
		name: "cold-starts-over-time", title: "cold starts over time", about: "The share of invocations that were an environment's first",
		kind: histogram, stacked: "percentage", query: reports + " AND _exists_:faas.coldstart",
		metrics: []metric{invocations},
		groups:  []group{overTime, {label: "Start", queries: []named{{"cold", "faas.coldstart:true"}, {"warm", "faas.coldstart:false"}}}},
	},
	{
		name: "cold-starts-by-function", title: "cold starts by function", about: "Invocations that were an environment's first, and how long it took to start",
		kind: table, query: reports + " AND faas.coldstart:true",
		metrics: []metric{
			{kind: "sum", field: "sample.weight", label: "Cold starts", missing: 1},
			{kind: "avg", field: "aws.lambda.init_duration_ms", label: "Start on average, ms"},
			{kind: "max", field: "aws.lambda.init_duration_ms", label: "Longest start, ms"},
		},
		groups: []group{byFunction(1)},
	},
	{
		name: "slowest-functions", title: "slowest functions", about: "How long invocations took, by the longest",
		kind: table, query: reports,
		metrics: []metric{
			{kind: "max", field: "aws.lambda.duration_ms", label: "Longest, ms"},
			{kind: "percentiles", field: "aws.lambda.duration_ms", label: "Duration, ms", percents: []float64{50, 95, 99}},
			invocations,
		},
		groups: []group{byFunction(1)},
	},
	{
		name: "slowest-invocations", title: "slowest invocations", about: "REPORT lines, the longest first",
		query: reports, sort: []string{"aws.lambda.duration_ms", "desc"},
		columns: []string{"faas.name", "aws.lambda.duration_ms", "aws.lambda.init_duration_ms", "aws.lambda.max_memory_used_mb", "aws.lambda.status", "faas.execution"},
	},
	{
		name: "memory-by-function", title: "memory head-room", about: "How much of its memory a function used at most: near 100 % it has none left, far below it pays for more than it needs",
		kind: table, query: reports,
		metrics: []metric{
			{kind: "max", field: "aws.lambda.memory_used_percent", label: "Used at most, %"},
			{kind: "percentiles", field: "aws.lambda.memory_used_percent", label: "Used, %", percents: []float64{50, 95}},
			{kind: "max", field: "aws.lambda.max_memory_used_mb", label: "Used at most, MB"},
			{kind: "min", field: "aws.lambda.memory_size_mb", label: "Least size, MB"},
			{kind: "max", field: "aws.lambda.memory_size_mb", label: "Largest size, MB"},
		},
		groups: []group{byFunction(1)},
	},
	{
		name: "one-id-how", title: "how to follow one id", about: "What to type", kind: markdown,
		text: "Type into the query bar, for the id that you look for:\n\n" +
			"- a correlation id under whatever name: `correlation : \"order-4711\"`, or by its name: `correlation.id : \"order-4711\"`\n" +
			"- a request id: `faas.execution : \"8f5cbaab-3e5d-4c2b-9a0f-1f6f0f5d7c11\"`\n" +
			"- a trace: `trace.id : \"1-5bef4de7-ad49b0e87f6ef6c87fc2e700\"`\n\n" +
			"Below are its lines from all functions, in the order of their times. `caretaker log-shipper tail --correlation-id` shows the same in a terminal.",
	},
	{
		name: "one-id", title: "lines in the order of time", about: "All lines of all functions, the first first",
		query: "*", sort: []string{"@timestamp", "asc"},
		columns: []string{"faas.name", "log.level", "message", "faas.execution", "trace.id"},
	},
}

var boards = []board{
	{
		name: "functions", title: "functions", from: "now-24h",
		about: "Errors by function, cold starts, the slowest, and memory head-room, of what Lambda and the functions log",
		rows: []row{
			{15, []string{"errors-over-time", "errors-by-function"}},
			{15, []string{"cold-starts-over-time", "cold-starts-by-function"}},
			{15, []string{"slowest-functions", "memory-by-function"}},
			{15, []string{"failures-by-function", "slowest-invocations"}},
		},
	},
	{
		name: "one-request", title: "one correlation id", from: "now-7d",
		about: "The lines of one correlation id, request or trace, from all functions",
		rows:  []row{{8, []string{"one-id-how"}}, {40, []string{"one-id"}}},
	},
}
