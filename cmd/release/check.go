package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// versionForm is that of https://semver.org, without a build.
var versionForm = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$`)

// check refuses what must not become this version, and gives the changelog as it will be.
func (o options) check(ctx context.Context) (changelog string, err error) {
	if !versionForm.MatchString(o.version) {
		return "", fmt.Errorf("version %q is not allowed: three numbers such as 1.0.0, or 1.1.0-rc.1", o.version)
	}
	changed, err := o.git(ctx, "status", "--porcelain")
	if err != nil {
		return "", err
	}
	if changed != "" {
		return "", fmt.Errorf("a release is made from a commit, and these files differ from it:\n%s", changed)
	}
	tags, err := o.git(ctx, "tag", "--list", "v"+o.version)
	if err != nil {
		return "", err
	}
	if tags != "" {
		return "", fmt.Errorf("version %s is there already: git has the tag v%[1]s", o.version)
	}
	made, err := o.made(ctx)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(o.root, "CHANGELOG.md"))
	if err != nil {
		return "", err
	}
	return released(string(text), o.version, made.Format(time.DateOnly))
}

// unreleased is the heading of what no release has yet.
const unreleased = "## Unreleased\n"

// released is a changelog whose Unreleased has become a version, with a new one above it.
func released(changelog, version, date string) (string, error) {
	if strings.Contains(changelog, "\n## "+version+" ") || strings.Contains(changelog, "\n## "+version+"\n") {
		return "", fmt.Errorf("version %s is there already: CHANGELOG.md has it", version)
	}
	before, rest, is := strings.Cut(changelog, "\n"+unreleased)
	if !is {
		return "", fmt.Errorf("CHANGELOG.md has no heading %q", strings.TrimSpace(unreleased))
	}
	section, _, _ := strings.Cut(rest, "\n## ")
	if !strings.Contains("\n"+section, "\n- ") {
		return "", fmt.Errorf("there is nothing to release: Unreleased in CHANGELOG.md has no entry")
	}
	return before + "\n" + unreleased + "\n## " + version + " of " + date + "\n" + rest, nil
}

// made is when the commit was, by which everything in the release is dated.
func (o options) made(ctx context.Context) (time.Time, error) {
	text, err := o.git(ctx, "log", "-1", "--format=%cI")
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err
}

func (o options) git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", o.root}, args...)...) // #nosec G204 -- the arguments are this package's
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}
