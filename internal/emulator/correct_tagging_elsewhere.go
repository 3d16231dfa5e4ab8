package emulator

import (
	"slices"
	"strings"
)

// elsewhere are kinds of resources that the emulator's tagging API does not know, by their filters.
var elsewhere = map[string]func(*exchange) ([]resourceTags, error){
	"apigateway":              taggedAPIs,
	"firehose:deliverystream": taggedDeliveryStreams,
	"kinesis:stream":          taggedStreams,
	"states:stateMachine":     taggedMachines,
}

const (
	firehoseTarget = "Firehose_20150804."
	kinesisTarget  = "Kinesis_20131202."
	statesTarget   = "AWSStepFunctions."
)

// taggedStreams are the streams of Kinesis that have tags.
func taggedStreams(x *exchange) (found []resourceTags, err error) {
	for asked := (object{}); ; {
		var page struct {
			StreamNames    []string
			HasMoreStreams bool
		}
		if _, err := x.askTarget("kinesis", kinesisTarget+"ListStreams", asked, &page); err != nil {
			return nil, err
		}
		for _, name := range page.StreamNames {
			var listed struct{ Tags []resourceTag }
			if _, err := x.askTarget("kinesis", kinesisTarget+"ListTagsForStream", object{"StreamName": name}, &listed); err != nil {
				return nil, err
			}
			found = append(found, resourceTags{"arn:aws:kinesis:" + x.region() + ":" + x.account() + ":stream/" + name, listed.Tags})
		}
		if !page.HasMoreStreams || len(page.StreamNames) == 0 {
			return found, nil
		}
		asked["ExclusiveStartStreamName"] = page.StreamNames[len(page.StreamNames)-1]
	}
}

// taggedDeliveryStreams are those of Firehose that have tags.
func taggedDeliveryStreams(x *exchange) (found []resourceTags, err error) {
	for asked := (object{"Limit": 1000}); ; {
		var page struct {
			DeliveryStreamNames    []string
			HasMoreDeliveryStreams bool
		}
		if _, err := x.askTarget("firehose", firehoseTarget+"ListDeliveryStreams", asked, &page); err != nil {
			return nil, err
		}
		for _, name := range page.DeliveryStreamNames {
			var listed struct{ Tags []resourceTag }
			if _, err := x.askTarget("firehose", firehoseTarget+"ListTagsForDeliveryStream", object{"DeliveryStreamName": name}, &listed); err != nil {
				return nil, err
			}
			found = append(found, resourceTags{"arn:aws:firehose:" + x.region() + ":" + x.account() + ":deliverystream/" + name, listed.Tags})
		}
		if !page.HasMoreDeliveryStreams || len(page.DeliveryStreamNames) == 0 {
			return found, nil
		}
		asked["ExclusiveStartDeliveryStreamName"] = page.DeliveryStreamNames[len(page.DeliveryStreamNames)-1]
	}
}

// taggedMachines are the state machines that have tags.
func taggedMachines(x *exchange) (found []resourceTags, err error) {
	for asked := (object{}); ; {
		var page struct {
			StateMachines []struct{ StateMachineARN string }
			NextToken     string
		}
		if _, err := x.askTarget("states", statesTarget+"ListStateMachines", asked, &page); err != nil {
			return nil, err
		}
		for _, machine := range page.StateMachines {
			var listed struct{ Tags []resourceTag } // its keys have small letters, which make no difference here
			if _, err := x.askTarget("states", statesTarget+"ListTagsForResource", object{"resourceArn": machine.StateMachineARN}, &listed); err != nil {
				return nil, err
			}
			found = append(found, resourceTags{machine.StateMachineARN, listed.Tags})
		}
		if page.NextToken == "" {
			return found, nil
		}
		asked["nextToken"] = page.NextToken
	}
}

// withElsewhere adds those that are asked for, and takes away what has no tags: AWS lists only what has
// some, or had.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (x *exchange) withElsewhere(known []resourceTags, filters []string) ([]resourceTags, error) {
	for kind, list := range elsewhere {
		service, _, _ := strings.Cut(kind, ":")
		if len(filters) > 0 && !slices.Contains(filters, kind) && !slices.Contains(filters, service) {
			continue
		}
		found, err := list(x)
		if err != nil {
			return nil, err
		}
		known = append(known, found...)
	}
	known = slices.DeleteFunc(known, func(one resourceTags) bool { return len(one.Tags) == 0 })
	slices.SortStableFunc(known, func(a, b resourceTags) int { return strings.Compare(a.ResourceARN, b.ResourceARN) })
	return known, nil
}
