package document

// Kind is how a field is to be indexed.
type Kind uint8

// The kinds of fields.
const (
	// Keyword is a text that is found whole.
	Keyword Kind = iota
	// Text is a text whose words are found.
	Text
	// Date is a time.
	Date
	// Number is a number with or without a fraction.
	Number
	// Flag is true or false.
	Flag
	// Object holds whatever fields users' code gave it: indexed flat, since each of them would
	// otherwise become a field of the index.
	Object
)

// Field is a field that documents may have.
type Field struct {
	Name string
	Kind Kind
}

// The fields that hold what users' code wrote.
const (
	// Lifted is the JSON object of a message.
	Lifted = "json"
	// Correlation holds correlation ids by their names, without x-correlation-.
	Correlation = "correlation"
)

// Fields are all fields that documents may have. The names are those of the Elastic Common Schema
// where it has one.
// https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html
var Fields = []Field{
	{"@timestamp", Date},
	{"message", Text},
	{"tags", Keyword},
	{"event.id", Keyword},
	{"event.action", Keyword},
	{"log.level", Keyword},
	{"cloud.provider", Keyword},
	{"cloud.account.id", Keyword},
	{"cloud.region", Keyword},
	{"aws.cloudwatch.log_group", Keyword},
	{"aws.cloudwatch.log_stream", Keyword},
	{"faas.name", Keyword},
	{"faas.version", Keyword},
	{"faas.execution", Keyword},
	{"faas.coldstart", Flag},
	{weightField, Number},
	{"trace.id", Keyword},
	{"span.id", Keyword},
	{"aws.lambda.duration_ms", Number},
	{"aws.lambda.billed_duration_ms", Number},
	{"aws.lambda.memory_size_mb", Number},
	{"aws.lambda.max_memory_used_mb", Number},
	{usedField, Number},
	{"aws.lambda.init_duration_ms", Number},
	{"aws.lambda.restore_duration_ms", Number},
	{"aws.lambda.runtime_duration_ms", Number},
	{"aws.lambda.status", Keyword},
	{"aws.lambda.timed_out", Flag},
	{"aws.lambda.out_of_memory", Flag},
	{"error.type", Keyword},
	{"error.message", Text},
	{Correlation, Object},
	{Lifted, Object},
}

// The tags of documents that differ from what came. TagBare is on those that lost their lifted field to
// a destination's refusal.
const (
	TagBare     = "lifted_refused"
	tagLifted   = "lifted_dropped"
	tagText     = "characters_replaced"
	tagTime     = "time_unknown"
	tagCut      = "message_cut"
	tagRedacted = "redacted"
)
