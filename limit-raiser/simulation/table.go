package simulation

// burstSeconds is for how long a table keeps capacity that was not used. A shard keeps none.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
const burstSeconds = 300

// Clients send a refused request again after each of these whole seconds, and then give up.
type Clients []int

// The clients that there are.
var (
	// SDK waits as AWS's SDKs do in their standard mode, which gives up after three attempts: the mean.
	// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
	SDK = Clients{1, 2}
	// Boto3 is what Python's SDK does with DynamoDB unless told otherwise: 50 ms, and each time
	// double, up to ten attempts. Rounded up.
	// https://github.com/boto/botocore/blob/develop/botocore/data/_retry.json
	Boto3 = Clients{1, 1, 1, 1, 1, 2, 4, 7, 13}
)

// Attempts is how often a client sends a request in all.
func (c Clients) Attempts() int { return len(c) + 1 }

// table is a provisioned table, or a stream, and its clients. A request takes one unit.
type table struct {
	clients  Clients
	capacity float64
	// burst is for how many seconds capacity is saved that was not used, saved how much there is.
	burst, saved float64
	// due are the requests to be sent in each of the next seconds, by how often they were sent
	// before.
	due [][]float64
}

func newTable(capacity, burst float64, clients Clients) *table {
	t := &table{clients: clients, capacity: capacity, burst: burst, saved: capacity * burst}
	longest := 0
	for _, wait := range clients {
		longest = max(longest, wait)
	}
	for range longest + 1 {
		t.due = append(t.due, make([]float64, clients.Attempts()))
	}
	return t
}

// resize changes the capacity. What is saved stays, up to what the new capacity may save.
func (t *table) resize(capacity float64) {
	t.capacity = capacity
	t.saved = min(t.saved, capacity*t.burst)
}

// second serves new requests and those sent again, and counts the requests served, the
// attempts refused and the requests given up.
func (t *table) second(demand float64) (served, throttled, lost float64) {
	sent := t.due[0]
	sent[0] += demand
	copy(t.due, t.due[1:])
	t.due[len(t.due)-1] = make([]float64, len(sent))

	total := 0.0
	for _, n := range sent {
		total += n
	}
	served = min(total, t.saved+t.capacity)
	t.saved = min(t.saved+t.capacity-served, t.capacity*t.burst)
	throttled = total - served
	if throttled <= 0 {
		return served, 0, 0
	}
	// Which attempts are refused is chance: of all kinds the same share.
	for before, n := range sent {
		refused := n * throttled / total
		if before == len(t.clients) {
			lost = refused
		} else {
			t.due[t.clients[before]-1][before+1] += refused
		}
	}
	return served, throttled, lost
}
