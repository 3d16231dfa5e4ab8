package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// bill writes what is in the release: each module that a binary of it links, by what Go itself wrote into them.
func (o options) bill(ctx context.Context) error {
	made, err := o.made(ctx)
	if err != nil {
		return err
	}
	modules := map[string]cyclonedx.Component{}
	goVersion := ""
	err = filepath.WalkDir(o.built, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry != nil && entry.IsDir() && entry.Name() == "host" {
				return filepath.SkipDir
			}
			return err
		}
		system, isSystem := strings.CutPrefix(filepath.Dir(path), filepath.Join(o.built, "release")+string(filepath.Separator))
		if name := entry.Name(); name != "bootstrap" && (name != "caretaker" || !isSystem || !slices.Contains(o.systems, system)) {
			return nil
		}
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading what is in %s: %w", path, err)
		}
		goVersion = info.GoVersion
		for _, module := range info.Deps {
			if module.Replace != nil {
				module = module.Replace
			}
			link := "pkg:golang/" + module.Path + "@" + module.Version
			modules[link] = cyclonedx.Component{
				BOMRef: link, Type: cyclonedx.ComponentTypeLibrary, Name: module.Path, Version: module.Version, PackageURL: link,
				Properties: &[]cyclonedx.Property{{Name: "go:sum", Value: module.Sum}},
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	link := "pkg:golang/std@" + strings.TrimPrefix(goVersion, "go")
	modules[link] = cyclonedx.Component{BOMRef: link, Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: goVersion, PackageURL: link}
	var components []cyclonedx.Component
	for _, link := range slices.Sorted(maps.Keys(modules)) {
		components = append(components, modules[link])
	}
	document := cyclonedx.NewBOM()
	document.Metadata = &cyclonedx.Metadata{
		Timestamp: made.Format(time.RFC3339),
		Component: &cyclonedx.Component{
			BOMRef: "caretaker", Type: cyclonedx.ComponentTypeApplication, Name: "caretaker", Version: o.version,
			Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		},
	}
	document.Components = &components
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(document); err != nil {
		return fmt.Errorf("writing the bill of materials: %w", err)
	}
	return write(filepath.Join(o.out, "caretaker-"+o.version+".cdx.json"), text.Bytes())
}
