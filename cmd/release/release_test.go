package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caretaker/internal/want"
)

func TestReleased_givesUnreleasedItsName(t *testing.T) {
	const before = "# Changelog\n\n## Unreleased\n\n### Janitor\n- Deletes.\n\n## 1.0.0 of 2026-01-01\n\n- First.\n"
	const after = "# Changelog\n\n## Unreleased\n\n## 1.1.0 of 2026-11-29\n\n### Janitor\n- Deletes.\n\n## 1.0.0 of 2026-01-01\n\n- First.\n"
	got, err := released(before, "1.1.0", "2026-11-29")
	want.NoError(t, "releasing 1.1.0", err)
	want.Equal(t, "the changelog", got, after)

	_, err = released(after, "1.2.0", "2026-11-30")
	want.Equal(t, "a second release with nothing new", message(err), "there is nothing to release: Unreleased in CHANGELOG.md has no entry")
	_, err = released(before, "1.0.0", "2026-11-30")
	want.Equal(t, "a version that is there", message(err), "version 1.0.0 is there already: CHANGELOG.md has it")
	_, err = released("# Changelog\n", "1.0.0", "2026-11-30")
	want.Equal(t, "a changelog without the heading", message(err), `CHANGELOG.md has no heading "## Unreleased"`)
}

func TestCheck_refusesWhatIsNoVersion(t *testing.T) {
	for _, version := range []string{"1", "v1.0.0", "1.0", "01.0.0", "1.0.0+mine", "latest"} {
		_, err := options{version: version, root: "../.."}.check(t.Context())
		if !strings.Contains(message(err), `version "`+version+`" is not allowed: three numbers such as 1.0.0`) {
			t.Errorf("%s: %v, want it refused", version, err)
		}
	}
}

func TestArchives_haveTheSameBytesWhenever(t *testing.T) {
	files := []file{{"bootstrap", 0o755, []byte("binary")}, {"config.json", 0o644, []byte("{}")}}
	for name, pack := range map[string]func() ([]byte, error){
		"zip": func() ([]byte, error) { return zipped(files) },
		"tar": func() ([]byte, error) { return tarred("caretaker", files) },
	} {
		first, err := pack()
		want.NoError(t, name, err)
		second, err := pack()
		want.NoError(t, name, err)
		if !bytes.Equal(first, second) {
			t.Errorf("two archives of the same files differ: %s", name)
		}
	}
}

func TestCommandLines_bringTheFileThatTheFunctionsAreOf(t *testing.T) {
	root, built, out := t.TempDir(), t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(root, "LICENSE"): "", filepath.Join(root, "caretaker.schema.json"): "", filepath.Join(root, "caretaker.yaml"): "as shipped",
		filepath.Join(root, "ours.yaml"): "ours", filepath.Join(built, "release", "linux-amd64", "caretaker"): "binary",
	} {
		want.NoError(t, "making a folder", os.MkdirAll(filepath.Dir(path), 0o700))
		want.NoError(t, "writing a file", os.WriteFile(path, []byte(text), 0o600))
	}
	for config, text := range map[string]string{"caretaker.yaml": "as shipped", "ours.yaml": "ours", filepath.Join(root, "ours.yaml"): "ours"} {
		o := options{version: "1.0.0", root: root, built: built, out: out, config: config, systems: []string{"linux-amd64"}}
		want.NoError(t, "packing", o.commandLines(t.Context()))
		packed, err := os.ReadFile(filepath.Join(out, "caretaker-1.0.0-linux-amd64.tar.gz")) // #nosec G304 -- what was just packed
		want.NoError(t, "reading what was packed", err)
		want.Equal(t, "caretaker.yaml of a release with "+config, unpacked(t, packed)["caretaker-1.0.0-linux-amd64/caretaker.yaml"], text)
	}
}

// unpacked are the files of a .tar.gz.
func unpacked(t *testing.T, packed []byte) map[string]string {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	want.NoError(t, "decompressing", err)
	all := map[string]string{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		want.NoError(t, "reading an archive", err)
		text, err := io.ReadAll(archive)
		want.NoError(t, "reading a file of it", err)
		all[header.Name] = string(text)
	}
}

func TestTemplate_needsNoBootstrap(t *testing.T) {
	o := options{version: "1.0.0", architectures: []string{"arm64", "x86_64"}}
	one := template{
		Parameters: map[string]any{"BootstrapVersion": 1}, Rules: map[string]any{"CheckBootstrapVersion": 1},
		Resources: map[string]map[string]any{
			"Function": {"Type": "AWS::Lambda::Function", "Metadata": map[string]any{"aws:asset:path": "asset.abc"}, "Properties": map[string]any{
				"FunctionName": "caretaker-default-janitor", "Code": map[string]any{"S3Bucket": "cdk", "S3Key": "abc.zip"}, "Architectures": []any{"arm64"},
			}},
		},
	}
	want.Equal(t, "the code", one.selfContained(o), map[string]string{"janitor": "abc"})
	want.Equal(t, "the function", one.Resources["Function"], map[string]any{"Type": "AWS::Lambda::Function", "Properties": map[string]any{
		"FunctionName": "caretaker-default-janitor", "Architectures": []any{map[string]any{"Ref": "Architecture"}},
		"Code": map[string]any{"S3Bucket": map[string]any{"Ref": "CodeBucket"}, "S3Key": map[string]any{"Fn::Sub": "${CodePrefix}caretaker-1.0.0-janitor-${Architecture}.zip"}},
	}})
	if one.Parameters["BootstrapVersion"] != nil || len(one.Rules) > 0 || one.Parameters["CodeBucket"] == nil {
		t.Errorf("parameters %v and rules %v, want those of the bootstrap gone and CodeBucket there", one.Parameters, one.Rules)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
