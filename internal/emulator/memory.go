package emulator

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// versionID names a version by function and number. The function is a name,
// which then holds in every account and Region, or an unqualified ARN.
type versionID struct{ function, version string }

// memory is what the proxy knows beside the emulator.
type memory struct {
	mutex        sync.Mutex
	published    map[versionID]time.Time
	edge         map[versionID]string // the master's ARN, "" for a master
	described    map[versionID]string // $LATEST's description when the version was published
	provisioned  map[versionID]bool   // a configuration was put
	scaling      map[versionID]object // what was requested on Lambda Managed Instances
	codeStorage  int64                // the limit; 0: AWS's default
	aliasChanges []aliasChange
	stacks       map[string]string                   // statuses by stack name
	dropped      map[string]object                   // fields that the emulator drops, by resource
	quotas       map[string]quota                    // by service/code
	targets      map[string]scalableTarget           // those of Application Auto Scaling
	contributors map[string]map[string]time.Time     // those in ALARM, by alarm and id
	suppressed   map[string]string                   // why a composite alarm's actions are, by its name
	bands        map[string]string                   // the expression that is an alarm's threshold, by account, Region and alarm
	dashboards   map[string]map[string]keptDashboard // by account and name
	mutes        map[string]cbor.Map                 // mute rules of alarms, by ARN
	writing      map[string]bool                     // accounts and Regions in which an alarm is being written
	sms          []SMS                               // those that were sent to subscribers of topics
	lines        map[string]int                      // how many lines of each log stream PublishEMF has read
}

// forget empties the memory.
func (m *memory) forget() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.published, m.edge, m.described, m.provisioned, m.scaling = nil, nil, nil, nil, nil
	m.codeStorage, m.aliasChanges, m.stacks, m.dropped, m.quotas, m.contributors, m.lines = 0, nil, nil, nil, nil, nil, nil
	m.targets, m.suppressed, m.dashboards, m.mutes = nil, nil, nil, nil
	m.sms, m.bands = nil, nil
}

// forgetFunction drops what was known of a deleted function, or of one version.
func (m *memory) forgetFunction(arn, version string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	gone := func(id versionID) bool {
		return (id.function == arn || strings.HasSuffix(arn, ":function:"+id.function)) &&
			(version == "" || version == id.version)
	}
	maps.DeleteFunc(m.published, func(id versionID, _ time.Time) bool { return gone(id) })
	maps.DeleteFunc(m.edge, func(id versionID, _ string) bool { return gone(id) })
	maps.DeleteFunc(m.described, func(id versionID, _ string) bool { return gone(id) })
	maps.DeleteFunc(m.provisioned, func(id versionID, _ bool) bool { return gone(id) })
	maps.DeleteFunc(m.scaling, func(id versionID, _ object) bool { return gone(id) })
}

// remember sets what is known of a version.
func remember[T any](m *memory, known *map[versionID]T, function, version string, value T) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if *known == nil {
		*known = map[versionID]T{}
	}
	(*known)[versionID{function, version}] = value
}

// recall reads what is known of a version, by its function's ARN or name.
func recall[T any](m *memory, known *map[versionID]T, arn, version string) (T, bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	value, is := (*known)[versionID{arn, version}]
	if !is {
		name, _, _ := splitReference(arn)
		value, is = (*known)[versionID{name, version}]
	}
	return value, is
}

// Backdate sets the publication date (LastModified) of a version, or of $LATEST,
// in every answer. The function is a name, which then holds in every account and
// Region, or an unqualified ARN.
func (e *Emulator) Backdate(function, version string, published time.Time) {
	remember(&e.memory, &e.memory.published, function, version, published)
}

// MarkEdge makes a version one of Lambda@Edge: deleting it is refused, and with a
// master's ARN (a replica) list items carry it as MasterArn. An empty
// masterARN marks a master that has replicas.
func (e *Emulator) MarkEdge(function, version, masterARN string) {
	remember(&e.memory, &e.memory.edge, function, version, masterARN)
}

// SetCodeStorageLimit sets AccountLimit.TotalCodeSize, in bytes. 0: AWS's default of
// 75 GiB.
func (e *Emulator) SetCodeStorageLimit(bytes int64) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	e.memory.codeStorage = bytes
}
