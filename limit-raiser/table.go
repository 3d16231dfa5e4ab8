package limitraiser

// burstSeconds is for how long a table keeps capacity that was not used:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
const burstSeconds = 300

// backoffs are the seconds that a client waits before it sends a throttled request again: the
// mean of what AWS's SDKs wait in their standard mode, which gives up after three attempts:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
var backoffs = [...]int{1, 2}

// simulatedTable is a provisioned table and its clients. A request takes one unit.
type simulatedTable struct {
	capacity float64
	// saved are the units left over, of which a burst lives.
	saved float64
	// due are the requests to be sent in each of the next seconds, by how often they were sent
	// before.
	due [4][len(backoffs) + 1]float64
}

func newTable(capacity float64) *simulatedTable {
	return &simulatedTable{capacity: capacity, saved: capacity * burstSeconds}
}

// resize changes the capacity. What is saved stays, up to what the new capacity may save.
func (t *simulatedTable) resize(capacity float64) {
	t.capacity = capacity
	t.saved = min(t.saved, capacity*burstSeconds)
}

// second serves new requests and those sent again, and counts the requests served, the
// attempts refused and the requests given up.
func (t *simulatedTable) second(demand float64) (served, throttled, lost float64) {
	sent := t.due[0]
	sent[0] += demand
	copy(t.due[:], t.due[1:])
	t.due[len(t.due)-1] = [len(sent)]float64{}

	total := 0.0
	for _, n := range sent {
		total += n
	}
	served = min(total, t.saved+t.capacity)
	t.saved = min(t.saved+t.capacity-served, t.capacity*burstSeconds)
	throttled = total - served
	if throttled <= 0 {
		return served, 0, 0
	}
	// Which attempts are refused is chance: of all kinds the same share.
	for before, n := range sent {
		refused := n * throttled / total
		if before == len(backoffs) {
			lost = refused
		} else {
			t.due[backoffs[before]-1][before+1] += refused
		}
	}
	return served, throttled, lost
}
