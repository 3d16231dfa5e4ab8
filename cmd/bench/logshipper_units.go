package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
	"caretaker/log-shipper/stream"
)

// putUnit is how many bytes Kinesis charges for at least with each record.
// https://aws.amazon.com/kinesis/data-streams/pricing/
const putUnit = 25_000

// tollGate counts what Kinesis would charge for.
type tollGate struct{ units int }

// PutRecords takes every record.
func (g *tollGate) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	for _, record := range in.Records {
		g.units += (len(record.Data) + putUnit - 1) / putUnit
	}
	return &kinesis.PutRecordsOutput{Records: make([]types.PutRecordsResultEntry, len(in.Records))}, nil
}

// putUnits compares what Kinesis charges for with what it would for a record an event.
func putUnits(ctx context.Context, r *results) error {
	maker, err := document.NewMaker(document.Default(), document.Options{Region: "eu-west-1"})
	if err != nil {
		return err
	}
	var batch document.Batch
	maker.Begin(sample.Payload(shipperSeed, shipperEvents))
	maker.Fill(&batch, 1<<30)
	alone := 0
	for i := range batch.Len() {
		alone += (len(batch.Body(i)) + putUnit - 1) / putUnit
	}
	var gate tollGate
	if err := stream.NewKinesis(&gate, "logs").Send(ctx, &batch).Err; err != nil {
		return err
	}
	r.note("put_units_ratio: %d documents, %d bytes: %d units of 25 KB, %d with a record an event", batch.Len(), batch.Bytes(), gate.units, alone)
	r.report(figure{"put_units_ratio", float64(gate.units) / float64(alone), "ratio", "<=", 0.05})
	return nil
}
