package emulator

import "slices"

// batches are the calls that bring several records at once, of which AWS may take some and not others:
// where their answers stand, and how many failed. The emulator takes all or none.
var batches = map[string]struct{ answers, failed string }{
	"firehose:PutRecordBatch": {"RequestResponses", "FailedPutCount"},
	"kinesis:PutRecords":      {"Records", "FailedRecordCount"},
}

// partly carries a call out for those of its records that the fault leaves alone, and answers for the
// others in place of AWS.
func (x *exchange) partly(fault Fault) (*answer, error) {
	batch := batches[x.call.Service+":"+x.call.Operation]
	if batch.answers == "" {
		return x.refuse(500, "NoBatch", "a fault refuses records of "+x.call.Operation+", which brings none"), nil
	}
	var sent, given object
	if refused, err := x.asks(&sent); refused != nil || err != nil {
		return refused, err
	}
	all, _ := sent["Records"].([]any)
	taken := slices.Clone(all)[:0]
	for place, record := range all {
		if !fault.Refuse(place) {
			taken = append(taken, record)
		}
	}
	var answers []any
	if len(taken) > 0 {
		sent["Records"] = taken
		whole, err := x.askTarget(x.call.Service, x.request.Header.Get("X-Amz-Target"), sent, &given)
		if err != nil || !whole.ok() {
			return whole, err
		}
		answers, _ = given[batch.answers].([]any)
	}
	return found(object{batch.answers: fault.among(answers, len(all)), batch.failed: len(all) - len(taken)})
}

// among puts the answers for refused records between those for the others.
func (f *Fault) among(answers []any, records int) []any {
	var all []any
	for place := range records {
		if f.Refuse(place) {
			all = append(all, object{"ErrorCode": f.Code, "ErrorMessage": f.Message})
			continue
		}
		all = append(all, answers[0])
		answers = answers[1:]
	}
	return all
}
