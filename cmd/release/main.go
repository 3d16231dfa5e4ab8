// Command release packs a release out of what make built for it, for make release:
//
//	release check 1.0.0        whether this may become 1.0.0
//	release pack 1.0.0         packs it into dist/release/1.0.0, and gives the changelog's Unreleased its name
//	release functions 0.9.0    the zips and templates alone, of whatever is in the checkout
//
// A release is the command line for each system, a zip for each function and architecture with the settings that it
// was made with, a CloudFormation template for each part, the changelog, what is in it (CycloneDX), and the SHA-256
// sums of all. The same commit gives the same bytes in every folder.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

// options are where things are, and what to make.
type options struct {
	version string
	// root is the checkout, built the folder with what make built, and out where the release goes.
	root, built, out string
	// config, stage and set are what the functions are given, and the templates made from.
	config, stage, set string
	// systems are those of the command line, such as linux-amd64, and architectures those of the functions.
	systems, architectures []string
}

// ready are the parts that work with no more said than that they are on; all of them in dry run. The notifier and
// the log-shipper want to know where to send to.
const ready = "account='',regions=[],janitor.enabled=true,limitRaiser.enabled=true,limitRaiser.byTag=true,limitRaiser.ceiling=1000,warmer.enabled=true,warmer.byTag=true,alerts.enabled=true"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	var systems, architectures string
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.StringVar(&o.root, "root", ".", "the checkout")
	flags.StringVar(&o.built, "built", "dist", "the folder with what make built")
	flags.StringVar(&o.out, "out", "", "where the release goes (default: dist/release/<version>)")
	flags.StringVar(&o.config, "config", "caretaker.yaml", "the settings that the functions are given")
	flags.StringVar(&o.stage, "stage", "", "a stage of that file")
	flags.StringVar(&o.set, "set", "", "keys of that file, as -c set= has them")
	flags.StringVar(&systems, "systems", "linux-amd64 linux-arm64 darwin-amd64 darwin-arm64", "those of the command line")
	flags.StringVar(&architectures, "architectures", "arm64 x86_64", "those of the functions")
	if len(args) == 0 {
		return errors.New("say what to do: check 1.0.0 or pack 1.0.0")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() != 1 || flags.Arg(0) == "" {
		return errors.New("say which version: make release VERSION=1.0.0")
	}
	o.version, o.systems, o.architectures = flags.Arg(0), strings.Fields(systems), strings.Fields(architectures)
	if o.config == "caretaker.yaml" && o.set == "" {
		o.set = ready
	}
	if o.out == "" {
		o.out = filepath.Join(o.root, "dist", "release", o.version)
	}
	switch args[0] {
	case "check":
		_, err := o.check(ctx)
		return err
	case "pack":
		return o.pack(ctx)
	case "functions":
		if err := o.empty(); err != nil {
			return err
		}
		return o.functions(ctx)
	}
	return fmt.Errorf("%q is not allowed: check, pack or functions", args[0])
}

// pack makes the release. The changelog comes last: until then nothing in the checkout has changed.
func (o options) pack(ctx context.Context) error {
	changelog, err := o.check(ctx)
	if err != nil {
		return err
	}
	if err := o.empty(); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{o.commandLines, o.functions, o.bill} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := write(filepath.Join(o.out, "CHANGELOG.md"), []byte(changelog)); err != nil {
		return err
	}
	if err := sums(o.out); err != nil {
		return err
	}
	if err := write(filepath.Join(o.root, "CHANGELOG.md"), []byte(changelog)); err != nil {
		return err
	}
	fmt.Printf("%s holds release %s. To keep it: git commit -m 'release %[2]s' CHANGELOG.md && git tag v%[2]s\n", o.out, o.version)
	return nil
}

// file is where the settings are: as for the CDK app, seen from the checkout.
func (o options) file() string {
	if filepath.IsAbs(o.config) {
		return o.config
	}
	return filepath.Join(o.root, o.config)
}

// empty makes room for the release.
func (o options) empty() error {
	if err := os.RemoveAll(o.out); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(o.out, "templates"), 0o750)
}

// write leaves a file that all may read.
func write(path string, text []byte) error { return os.WriteFile(path, text, 0o644) } // #nosec G306 -- it is published

// sums writes SHA256SUMS, as sha256sum -c reads it.
func sums(folder string) error {
	var lines []string
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path) // #nosec G304 G122 -- what was just written
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		sum := sha256.Sum256(text)
		lines = append(lines, hex.EncodeToString(sum[:])+"  "+filepath.ToSlash(name)+"\n")
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	return write(filepath.Join(folder, "SHA256SUMS"), []byte(strings.Join(lines, "")))
}
