package config_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"caretaker/internal/config"
)

// What the SDK does not know it finds no endpoint for; what it knows must not be refused.
func TestRegions_areThoseOfTheSDK(t *testing.T) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "internal/endpoints/awsrulesfn/partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sdk struct {
		Partitions []struct{ Regions map[string]any }
	}
	if err := json.Unmarshal(text, &sdk); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, partition := range sdk.Partitions {
		for region := range partition.Regions {
			if strings.HasSuffix(region, "-global") {
				continue
			}
			count++
			if _, err := load(t, "version: 1\nregions: ["+region+"]", config.Options{}); err != nil {
				t.Errorf("add %s to knownRegions: %v", region, err)
			}
		}
	}
	if count < 40 {
		t.Errorf("the SDK's list has %d Regions: it is not found", count)
	}
}

func TestRegions_oneThatAWSOpenedSinceIsTakenByItsNameInTheFile(t *testing.T) {
	const text = "version: 1\nregions: [eu-west-1, xx-north-1]\n"
	if _, err := load(t, text, config.Options{}); err == nil || !strings.Contains(err.Error(), "newRegions") {
		t.Errorf("Load = %v, want to hear of newRegions", err)
	}
	file, err := load(t, text+"newRegions: [xx-north-1]\n", config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Regions) != 2 {
		t.Errorf("the Regions are %v", file.Regions)
	}
}
