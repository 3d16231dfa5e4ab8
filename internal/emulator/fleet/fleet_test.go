package fleet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/fleet"
)

func TestVersions_areAllThatWereSeeded(t *testing.T) {
	got, err := fleet.Versions(t.Context(), running.AWS())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seeded.Versions, got); diff != "" {
		t.Error(diff)
	}
}

func TestDemo_isAsLargeAsItSays(t *testing.T) {
	e := start(t)
	began := time.Now()
	f, err := fleet.Seed(t.Context(), e, fleet.Demo)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("seeded in", time.Since(began))
	count := 0
	for _, versions := range f.Versions {
		count += len(versions)
	}
	t.Log(len(f.Versions), count)
	_ = slices.Contains[[]int]
}
