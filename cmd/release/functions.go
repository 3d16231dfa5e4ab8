package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// functions packs a zip for each function and architecture, and a template for each part that the settings have on.
func (o options) functions(ctx context.Context) error {
	templates := map[string][]byte{}
	for _, architecture := range o.architectures {
		assets := o.built
		if architecture == "x86_64" {
			assets = filepath.Join(o.built, architecture)
		}
		assembly, err := o.synthesise(ctx, assets, architecture)
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(assembly) }()
		configs, err := o.templates(assembly, templates)
		if err != nil {
			return err
		}
		if err := o.zips(assets, architecture, configs); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		if err := write(filepath.Join(o.out, "templates", name+".template.json"), templates[name]); err != nil {
			return err
		}
	}
	return nil
}

// synthesise runs the CDK app for no account and Region in particular, and gives the folder that it wrote.
func (o options) synthesise(ctx context.Context, assets, architecture string) (string, error) {
	text, err := os.ReadFile(filepath.Join(o.root, "cdk.json"))
	if err != nil {
		return "", err
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(text, &settings); err != nil {
		return "", fmt.Errorf("reading cdk.json: %w", err)
	}
	for key, value := range map[string]string{"arch": architecture, "config": o.config, "stage": o.stage, "set": o.set} {
		if value != "" {
			settings.Context[key] = value
		}
	}
	if settings.Context["assets"], err = filepath.Abs(assets); err != nil {
		return "", err
	}
	given, err := json.Marshal(settings.Context)
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "caretaker-release-")
	if err != nil {
		return "", err
	}
	app, err := filepath.Abs(filepath.Join(o.built, "cdk"))
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, app) // #nosec G204 -- the app that make built
	command.Dir = o.root
	command.Env = append(os.Environ(), "CDK_OUTDIR="+folder, "CDK_CONTEXT_JSON="+string(given), "CDK_DEFAULT_ACCOUNT=", "CDK_DEFAULT_REGION=", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20,22")
	if said, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("making the templates: %w\n%s", err, said)
	}
	return folder, nil
}

// zips packs what make built for an architecture; a function that the templates have gets its settings with it.
func (o options) zips(assets, architecture string, configs map[string][]byte) error {
	return filepath.WalkDir(assets, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(assets, filepath.Dir(path))
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"host", "release", "x86_64"}, entry.Name()) && path != assets {
			return filepath.SkipDir
		}
		if entry.Name() != "bootstrap" {
			return nil
		}
		binary, err := os.ReadFile(path) // #nosec G304 G122 -- what make built
		if err != nil {
			return err
		}
		name := functionOf(filepath.ToSlash(folder))
		files := []file{{"bootstrap", 0o755, binary}}
		if config := configs[name]; config != nil {
			files = append(files, file{"config.json", 0o644, config})
		}
		text, err := zipped(files)
		if err != nil {
			return fmt.Errorf("packing %s: %w", name, err)
		}
		return write(filepath.Join(o.out, o.zipOf(name, architecture)), text)
	})
}

// functionOf is the name of the function in a folder, as its deployed name ends: log-shipper-subscriber, and notify.
func functionOf(folder string) string {
	return strings.TrimPrefix(strings.ReplaceAll(folder, "/", "-"), "alerts-")
}

func (o options) zipOf(function, architecture string) string {
	return fmt.Sprintf("caretaker-%s-%s-%s.zip", o.version, function, architecture)
}

// templates reads an assembly: its templates go into into, which must be the same for each architecture, and the
// settings of each function are returned.
func (o options) templates(assembly string, into map[string][]byte) (map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		return nil, err
	}
	configs := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path) // #nosec G304 -- what the app wrote
		if err != nil {
			return nil, err
		}
		var t template
		if err := json.Unmarshal(text, &t); err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Base(path), err)
		}
		codes := t.selfContained(o)
		if len(codes) == 0 { // the part is off
			continue
		}
		for function, asset := range codes {
			if configs[function], err = os.ReadFile(filepath.Join(assembly, "asset."+asset, "config.json")); err != nil { // #nosec G304 -- what the app wrote
				return nil, err
			}
		}
		// Without blanks: CloudFormation takes 51,200 bytes, and more of a template from a bucket alone.
		shown, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".template.json")
		if before := into[name]; before != nil && !bytes.Equal(before, append(shown, '\n')) {
			return nil, fmt.Errorf("the template of %s differs from one architecture to another", name)
		}
		into[name] = append(shown, '\n')
	}
	return configs, nil
}
