package lambdasim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Function is one function with its versions and what refers to them inside Lambda.
type Function struct {
	// Name is the function's name; the ARN follows from it.
	Name string
	// Runtime is the runtime's identifier. Empty means provided.al2023.
	Runtime string
	// Latest is $LATEST; its Number is not looked at.
	Latest Version
	// Versions are the published ones, ascending by number.
	Versions []Version
	// Aliases are the function's aliases.
	Aliases []Alias
	// Provisioned are the qualifiers, versions or aliases, that have provisioned concurrency.
	Provisioned []string
	// Destinations are the asynchronous destinations.
	Destinations []Destination
	// Durable gives the function a DurableConfig.
	Durable bool
	// Variables are environment variables of every version, beside those that all have.
	Variables map[string]string
	// Managed gives the function a CapacityProviderConfig. Its versions are deleted in their own time:
	// they stay listed until Settle.
	Managed bool
	// Executions are the durable executions that run.
	Executions []Execution
	// Policies are resource policies by qualifier, the function's own under "".
	Policies map[string]string
	// Masters makes versions Lambda@Edge replicas: their numbers with their masters' ARNs.
	Masters map[int]string
}

// Version is one published version.
type Version struct {
	// Number is 1 or more.
	Number int
	// CodeSize is in bytes.
	CodeSize int64
	// Published is what LastModified says.
	Published time.Time
	// Deleting says that AWS is about to delete it.
	Deleting bool
}

// Alias points at a version and perhaps at a second one.
type Alias struct {
	Name string
	// Version is the primary version's number, or $LATEST.
	Version string
	// Weights are the share, 0 to 1, that another version gets, by its number.
	Weights map[string]float64
}

// Destination is where the outcomes of one qualifier's asynchronous invocations go.
type Destination struct {
	// Qualifier is a version, an alias or $LATEST.
	Qualifier string
	// OnSuccess and OnFailure are ARNs. Empty means none.
	OnSuccess, OnFailure string
}

// Execution is a running durable execution.
type Execution struct {
	Name    string
	Version int
}

// Mapping is an event source mapping.
type Mapping struct {
	// FunctionARN is unqualified, or ends in $LATEST, a version or an alias.
	FunctionARN string
	// SourceARN is the queue, stream or table stream that is read.
	SourceARN string
}

// Generate makes functions orders-00001, orders-00002, ... with that many versions each,
// one published a day, the newest at the given time, none referred to by anything.
// The sizes run from 100 KB to 4 MB and are the same in each call.
func Generate(functions, versions int, newest time.Time) []Function {
	fleet := make([]Function, functions)
	for index := range fleet {
		f := Function{Name: fmt.Sprintf("orders-%05d", index+1), Versions: make([]Version, versions)}
		for number := 1; number <= versions; number++ {
			f.Versions[number-1] = Version{Number: number, CodeSize: generatedSize(f.Name, number), Published: newest.Add(time.Duration(number-versions) * 24 * time.Hour)}
		}
		f.Latest = Version{CodeSize: generatedSize(f.Name, versions), Published: newest}
		fleet[index] = f
	}
	return fleet
}

func generatedSize(name string, number int) int64 {
	digest := sha256.Sum256([]byte(name + strconv.Itoa(number)))
	return 100_000 + int64(binary.BigEndian.Uint32(digest[:])%3_900_000)
}

// ARN is a function's ARN; the empty qualifier leaves it unqualified.
func ARN(function, qualifier string) string {
	arn := "arn:aws:lambda:" + Region + ":" + Account + ":function:" + function
	if qualifier != "" {
		arn += ":" + qualifier
	}
	return arn
}

// CodeSha256 is the digest that the lists show for a version's code. It is made up, and
// another for each version.
func CodeSha256(function string, version int) string {
	digest := sha256.Sum256([]byte(function + ":" + strconv.Itoa(version)))
	return base64.StdEncoding.EncodeToString(digest[:])
}

// Put adds functions; one of the same name is replaced.
func (s *Server) Put(functions ...Function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := make(map[string]int, len(s.functions))
	for index, f := range s.functions {
		known[f.Name] = index
	}
	for _, f := range functions {
		f.Versions = slices.Clone(f.Versions)
		if index, found := known[f.Name]; found {
			s.functions[index] = &f
			continue
		}
		known[f.Name] = len(s.functions)
		s.functions = append(s.functions, &f)
	}
	slices.SortFunc(s.functions, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
}

// Map adds an event source mapping.
func (s *Server) Map(mapping Mapping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mappings = append(s.mappings, mapping)
}

// SetAlias moves or adds an alias of a function that is there.
func (s *Server) SetAlias(function string, alias Alias) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.function(function)
	if f == nil {
		return fmt.Errorf("setting alias %s of %s: there is no such function", alias.Name, function)
	}
	f.Aliases = slices.DeleteFunc(slices.Clone(f.Aliases), func(a Alias) bool { return a.Name == alias.Name })
	f.Aliases = append(f.Aliases, alias)
	return nil
}

// Settle lets go what is being deleted.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.functions {
		f.Versions = slices.DeleteFunc(f.Versions, func(v Version) bool { return v.Deleting })
	}
}

// Versions are the numbers that a function still has, ascending; nil when it is gone.
func (s *Server) Versions(function string) []int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f := s.function(function)
	if f == nil {
		return nil
	}
	numbers := make([]int, len(f.Versions))
	for index, v := range f.Versions {
		numbers[index] = v.Number
	}
	return numbers
}

// VersionCount is how many published versions there are in all.
func (s *Server) VersionCount() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	count := 0
	for _, f := range s.functions {
		count += len(f.Versions)
	}
	return count
}

// function wants the lock to be held.
func (s *Server) function(name string) *Function {
	index, found := slices.BinarySearchFunc(s.functions, name, func(f *Function, name string) int { return strings.Compare(f.Name, name) })
	if !found {
		return nil
	}
	return s.functions[index]
}

// splitName takes apart what may stand for a function: a name, a partial or a whole
// ARN, each perhaps with a qualifier.
func splitName(text string) (function, qualifier string) {
	if parts := strings.Split(text, ":function:"); len(parts) == 2 {
		text = parts[1]
	}
	function, qualifier, _ = strings.Cut(text, ":")
	return function, qualifier
}
