package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The emulator has no Application Auto Scaling. The proxy keeps its scalable targets instead: only
// those, since nothing here scales by itself, and only what AWS checks of a call that a test can meet.

// scalableTargetPage is as many as AWS lists at a time.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
const scalableTargetPage = 50

// scalableTarget is one as AWS lists it, with the account and Region that it is in.
type scalableTarget struct {
	home  string
	shown object
}

// targetQuestion is what the calls about scalable targets ask for.
type targetQuestion struct {
	ServiceNamespace, ScalableDimension, RoleARN, NextToken string

	ResourceID               string   `json:"ResourceId"`
	ResourceIDs              []string `json:"ResourceIds"`
	MaxResults               int
	MinCapacity, MaxCapacity *int
	SuspendedState           object
}

func (q targetQuestion) key(home string) string {
	return strings.Join([]string{home, q.ServiceNamespace, q.ResourceID, q.ScalableDimension}, " ")
}

// scalableTargets answers the calls about scalable targets that the emulator allows the caller.
func scalableTargets(x *exchange) (*answer, error) {
	var asked targetQuestion
	refused, err := x.asks(&asked)
	if err != nil || refused != nil {
		return refused, err
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	switch x.call.Operation {
	case "RegisterScalableTarget":
		return x.registerTarget(asked)
	case "DeregisterScalableTarget":
		key := asked.key(x.account() + " " + x.region())
		if _, known := x.memory.targets[key]; !known {
			return x.refuse(http.StatusBadRequest, "ObjectNotFoundException", "No scalable target found for "+asked.ResourceID), nil
		}
		delete(x.memory.targets, key)
		return found(object{})
	}
	return x.listTargets(asked)
}

// registerTarget adds a target, which needs both bounds, or changes what is given of one.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
func (x *exchange) registerTarget(asked targetQuestion) (*answer, error) {
	home := x.account() + " " + x.region()
	key := asked.key(home)
	known, changed := x.memory.targets[key]
	if !strings.HasPrefix(asked.ScalableDimension, asked.ServiceNamespace+":") || !changed && (asked.MinCapacity == nil || asked.MaxCapacity == nil) {
		return x.refuse(http.StatusBadRequest, "ValidationException",
			"Unsupported service namespace, resource type or scalable dimension, or no capacity for a new scalable target"), nil
	}
	if !changed {
		known = scalableTarget{home: home, shown: object{
			"ServiceNamespace": asked.ServiceNamespace, "ResourceId": asked.ResourceID, "ScalableDimension": asked.ScalableDimension,
			"CreationTime": time.Now().Unix(), "RoleARN": cmp.Or(asked.RoleARN, "arn:aws:iam::"+x.account()+":role/aws-service-role/"+asked.ServiceNamespace),
			"SuspendedState":    object{"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false},
			"ScalableTargetARN": fmt.Sprintf("arn:aws:application-autoscaling:%s:%s:scalable-target/%d", x.region(), x.account(), time.Now().UnixNano()),
		}}
	}
	shown := maps.Clone(known.shown)
	for field, value := range map[string]*int{"MinCapacity": asked.MinCapacity, "MaxCapacity": asked.MaxCapacity} {
		if value != nil {
			shown[field] = *value
		}
	}
	if asked.SuspendedState != nil {
		shown["SuspendedState"] = asked.SuspendedState
	}
	if shown["MinCapacity"].(int) > shown["MaxCapacity"].(int) {
		return x.refuse(http.StatusBadRequest, "ValidationException", "The minimum capacity is greater than the maximum capacity"), nil
	}
	if x.memory.targets == nil {
		x.memory.targets = map[string]scalableTarget{}
	}
	x.memory.targets[key] = scalableTarget{home, shown}
	return found(object{"ScalableTargetARN": shown["ScalableTargetARN"]})
}

// listTargets makes pages.
func (x *exchange) listTargets(asked targetQuestion) (*answer, error) {
	home, all := x.account()+" "+x.region(), []object{}
	for _, key := range slices.Sorted(maps.Keys(x.memory.targets)) {
		target := x.memory.targets[key]
		if target.home == home && text(target.shown, "ServiceNamespace") == asked.ServiceNamespace &&
			(asked.ScalableDimension == "" || text(target.shown, "ScalableDimension") == asked.ScalableDimension) &&
			(len(asked.ResourceIDs) == 0 || slices.Contains(asked.ResourceIDs, text(target.shown, "ResourceId"))) {
			all = append(all, target.shown)
		}
	}
	part, next := window(all, asked.NextToken, min(scalableTargetPage, cmp.Or(asked.MaxResults, scalableTargetPage)))
	body := object{"ScalableTargets": part}
	if next != "" {
		body["NextToken"] = next
	}
	return found(body)
}
