package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator/lambdasim"
)

// nowhere is an environment in which any call to AWS would fail.
func nowhere(more ...string) []string {
	return append(environment(nil), append([]string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, more...)...)
}

func TestUsage_isRefusedBeforeAnythingIsAsked(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"help", "janitr"}, "unexpected argument janitr"},
		{[]string{"janitor"}, `expected one of "plan", "apply"`},
		{[]string{"janitor", "plan", "checkout"}, "unexpected argument checkout"},
		{[]string{"janitor", "apply", "--yes", "checkout"}, "unexpected argument checkout"},
		{[]string{"validate", "caretaker.yaml"}, "unexpected argument caretaker.yaml"},
		{[]string{"janitor", "destroy"}, "unexpected argument destroy"},
		{[]string{"janitor", "plan", "--force"}, "unknown flag --force"},
		{[]string{"janitor", "apply", "--dry-run"}, "There is no --dry-run: the command plan shows what would be done, and changes nothing."},
		{[]string{"janitor", "plan", "--output", "json"}, "There is no --output: --json prints one JSON document."},
		{[]string{"warmer", "plan", "-o", "json"}, "There is no -o here: --json prints one JSON document."},
		{[]string{"janitor", "plan", "-o", "json"}, "--out: json is not allowed: it names a file; for JSON on stdout use --json"},
		{[]string{"janitor", "plan", "-q"}, "There is no -q: results go to stdout and everything else to stderr"},
		{[]string{"-v"}, "There is no -v: plan gives the reason for each decision, and --json all that is known."},
		{[]string{"policy", "janitr"}, `must be one of "alerts","janitor"`},
		{[]string{"policy", "notify", "--config", "none"}, "notify: there is nothing to plan; --for run is there"},
		{[]string{"policy", "janitor", "--for", "lint", "--config", "none"}, "janitor: there is nothing to lint; --for plan or run is there"},
		{[]string{"completion", "tcsh"}, `must be one of "bash","zsh","fish"`},
		{[]string{"janitor", "plan", "--json", "--all"}, "can't be used together"},
		{[]string{"janitor", "plan", "--region", "eu-west-1", "--all-regions"}, "can't be used together"},
		{[]string{"janitor", "plan", "--region", "ireland"}, `--region: "ireland" is not allowed: a Region such as eu-west-1`},
		{[]string{"janitor", "plan", "--region", "eu-west-1,eu-west-1"}, `--region: "eu-west-1" is not allowed: each Region once`},
		{[]string{"janitor", "plan", "--region", "eu-wst-1"}, `--region: "eu-wst-1" is not allowed: a Region of AWS, did you mean eu-west-1? One that is newer than this Caretaker also goes into newRegions`},
		{[]string{"janitor", "plan", "--policy-time", "soon"}, "is not a duration"},
		{[]string{"janitor", "plan", "--set", "janitor.keep.newest=0"}, `--set janitor.keep.newest: "0" is not allowed: a whole number from 1 to 10000`},
		{[]string{"janitor", "plan", "--set", "janitor.keep.newst=1"}, "newest"},
		{[]string{"janitor", "plan", "--stage", "prod"}, `there is no stage "prod"`},
		{[]string{"janitor", "plan", "--config", "absent.yaml"}, "absent.yaml"},
		{[]string{"janitor", "plan", "--profile", "absent"}, "there is no profile absent in your AWS configuration"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			got := caretaker(t, nowhere(), test.args...)
			got.expect(t, console.Misused, test.want)
			if got.out != "" {
				t.Errorf("stdout holds %q", got.out)
			}
		})
	}
}

func TestHelp_namesTheExitCodes(t *testing.T) {
	caretaker(t, nowhere(), "--help").expect(t, console.Done, "0 done or nothing to do, 1 error, 2 usage or configuration", "janitor apply")
	for _, asked := range [][]string{nil, {"help"}} {
		got := caretaker(t, nowhere(), asked...)
		got.expect(t, console.Done, "0 done or nothing to do", "janitor apply", "--config")
		if got.err != "" || !strings.Contains(got.out, "Usage: caretaker") {
			t.Errorf("%q: stdout %q, stderr %q", asked, got.out, got.err)
		}
	}
	caretaker(t, nowhere(), "help", "janitor", "plan").expect(t, console.Done, "Usage: caretaker janitor plan")
	caretaker(t, nowhere(), "help", "janitor").expect(t, console.Done, "Usage: caretaker janitor <command>")
	caretaker(t, nowhere(), "version").expect(t, console.Done, "caretaker ")
	caretaker(t, nowhere(), "--version").expect(t, console.Done, "caretaker ")
	caretaker(t, nowhere(), "validate", "--config", "none").expect(t, console.Done, "the shipped configuration is valid")
}

func TestCredentials_areMissedInOneLine(t *testing.T) {
	var without []string
	for _, variable := range nowhere() {
		if !strings.HasPrefix(variable, "AWS_ACCESS_KEY_ID=") && !strings.HasPrefix(variable, "AWS_SECRET_ACCESS_KEY=") {
			without = append(without, variable)
		}
	}
	got := caretaker(t, without, with("janitor", "plan")...)
	got.expect(t, console.Failed, "caretaker: there are no usable AWS credentials: give --profile, set AWS_PROFILE, or log in with `aws sso login`")
	if lines := strings.Count(got.err, "\n"); lines != 1 {
		t.Errorf("%d lines", lines)
	}
}

// The SDK corrects for a wrong clock when it signs; the ages of versions it does not.
func TestClock_hasToBeRight(t *testing.T) {
	for _, test := range []struct {
		ahead time.Duration
		code  console.Code
		want  string
	}{
		{4 * time.Minute, console.Done, "Would go        7 versions"},
		{-4 * time.Minute, console.Done, "Would go        7 versions"},
		{6 * time.Minute, console.Failed, "this machine's clock says "},
		{-6 * time.Minute, console.Failed, "this machine's clock says "},
		{48 * time.Hour, console.Failed, ": set it right"},
	} {
		t.Run(test.ahead.String(), func(t *testing.T) {
			sim := fleet(t, lambdasim.Options{}, orders(1)...)
			now := func() time.Time { return time.Now().Add(test.ahead) }
			sitting(t, sim, console.Console{Now: now}, with("janitor", "plan")...).expect(t, test.code, test.want)
		})
	}
}

func TestRegion_hasToComeFromSomewhere(t *testing.T) {
	var without []string
	for _, variable := range nowhere() {
		if !strings.Contains(variable, "REGION=") {
			without = append(without, variable)
		}
	}
	caretaker(t, without, with("janitor", "plan")...).expect(t, console.Misused, "no Region: give --region, write regions: into the file or set AWS_REGION")
}

func TestRegion_ofTheEnvironmentIsOneOfAWS(t *testing.T) {
	caretaker(t, nowhere("AWS_REGION=eu-wst-1"), with("janitor", "plan")...).
		expect(t, console.Misused, `the Region of your environment (AWS_REGION, or that of your profile): "eu-wst-1" is not allowed: a Region of AWS, did you mean eu-west-1?`)
}

// No endpoint answers for it here: what it comes to is one step later than a refusal.
func TestRegion_thatAWSOpenedSinceIsTaken(t *testing.T) {
	caretaker(t, nowhere(), with("janitor", "plan", "--region", "eu-wst-1", "--set", "newRegions=[eu-wst-1]")...).
		expect(t, console.Failed, "asking AWS whose these credentials are")
}

func TestRegion_ofTheCommandLineOverridesTheFile(t *testing.T) {
	sim := fleet(t, lambdasim.Options{}, orders(1)...)
	file := write(t, "caretaker.yaml", "version: 1\nregions: [eu-west-1, eu-central-1]\n")
	caretaker(t, environment(sim), "janitor", "plan", "--config", file, "--policy-time", "0s", "--region", "us-east-1").
		expect(t, console.Done, "Account         000000000000, Region us-east-1")
	got := caretaker(t, environment(sim), "janitor", "plan", "--config", file, "--policy-time", "0s")
	got.expect(t, console.Done, "Region eu-west-1", "Region eu-central-1")
}

func TestAllRegions_areTheEnabledOnes(t *testing.T) {
	seedIn(t, "sa-east-1", "coffee")
	got := caretaker(t, environment(nil), with("janitor", "plan", "--all-regions", "--set", "janitor.keep.supersededFor=0s")...)
	got.expect(t, console.Done, "Would go in sa-east-1", "coffee    1-2 ", "\nus-east-1 ", "\neu-west-1 ")
}

func TestAllRegions_refusedNamesTheAction(t *testing.T) {
	others.Inject(denied("account", ""))
	t.Cleanup(others.ClearFaults)
	caretaker(t, environment(nil), with("janitor", "plan", "--all-regions")...).expect(t, console.Failed, "(account:ListRegions; or name them with --region): ")
}

func TestValidate_checksEveryStageOffline(t *testing.T) {
	right := write(t, "caretaker.yaml", "version: 1\nstages:\n  prod: {janitor: {dryRun: false}}\n")
	caretaker(t, nowhere(), "validate", "--config", right).expect(t, console.Done, "caretaker.yaml is valid; stages: default, prod")
	wrong := write(t, "wrong.yaml", "version: 1\nstages:\n  prod:\n    janitor:\n      rate: 99\n")
	caretaker(t, nowhere(), "validate", "--config", wrong).expect(t, console.Misused, `wrong.yaml:5: stages.prod.janitor.rate: "99" is not allowed: calls a second from 1 to 15`)
	caretaker(t, nowhere(), "validate").expect(t, console.Misused, "there is no caretaker.yaml here")
	odd := write(t, "odd.yaml", "version: 1\nregions: [eu-west-1]\nnotify: {email: [a@example.com], slack: {secret: x}}\nstages:\n  dev: {}\n  prod: {notify: {email: []}}\n")
	got := caretaker(t, nowhere(), "validate", "--config", odd)
	got.expect(t, console.Done, "odd.yaml is valid", "note: "+odd+": account: no account is named", "note: "+odd+":3: notify.slack.secret: nothing is posted to Slack",
		"note: "+odd+":6: stages.prod.notify.email: nobody hears of an alarm")
	if notes := strings.Count(got.out, "note: "); notes != 3 {
		t.Errorf("%d notes, want each of 3 once:\n%s", notes, got.out)
	}
}

func TestValidate_printsOneDocumentAlsoOfAWrongFile(t *testing.T) {
	for text, want := range map[string]struct {
		code console.Code
		document
	}{
		"version: 1\nstages:\n  prod: {janitor: {rate: 99}}\n": {console.Misused, document{
			"valid": false, "stages": []any{}, "notes": []any{},
			"problems": []any{document{"line": 3.0, "key": "stages.prod.janitor.rate", "text": `"99" is not allowed: calls a second from 1 to 15`}},
		}},
		"version: 1\naccount: '111122223333'\nregions: [eu-west-1]\nnotify: {email: []}\nstages: {prod: {}}\n": {console.Done, document{
			"valid": true, "stages": []any{"default", "prod"}, "problems": []any{},
			"notes": []any{document{"line": 4.0, "key": "notify.email", "text": "nobody hears of an alarm: write the address of whoever is on call"}},
		}},
	} {
		file := write(t, "caretaker.yaml", text)
		want.document["schema"], want.document["command"], want.document["file"] = float64(console.DocumentSchema), "validate", file
		for _, list := range []string{"problems", "notes"} {
			for _, one := range want.document[list].([]any) {
				one.(document)["source"] = file
			}
		}
		got := caretaker(t, nowhere(), "validate", "--json", "--config", file)
		got.expect(t, want.code)
		printed := document{}
		if err := json.Unmarshal([]byte(got.out), &printed); err != nil {
			t.Fatalf("%v: %s", err, got.out)
		}
		if diff := cmp.Diff(want.document, printed); diff != "" {
			t.Errorf("the document of\n%s(-want +got):\n%s", text, diff)
		}
		if got.err != "" {
			t.Errorf("beside the document it says %s", got.err)
		}
	}
	caretaker(t, nowhere(), "validate", "--json").expect(t, console.Misused, "there is no caretaker.yaml here")
}

// document is one of JSON.
type document = map[string]any

func TestValidate_findsTheFileBesideIt(t *testing.T) {
	file := write(t, command.UsualFile, "version: 1\n")
	t.Chdir(strings.TrimSuffix(file, command.UsualFile))
	var out, errs strings.Builder
	if code := run([]string{"validate"}, console.Console{In: os.Stdin, Out: &out, Err: &errs}, nil); code != 0 || !strings.HasPrefix(out.String(), "caretaker.yaml is valid; stages: default\n") {
		t.Errorf("%d %s%s", code, out.String(), errs.String())
	}
}

func TestValidate_endsWithTheFirstInterruptThoughItsFileNeverCame(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p := begin(t, nowhere(), "validate", "--config", pipe)
	// While nobody writes, a writer that does not wait finds no reader until the command opens the pipe.
	eventually(t, "the pipe is read", func() bool {
		descriptor, err := syscall.Open(pipe, syscall.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			t.Cleanup(func() { _ = syscall.Close(descriptor) })
		}
		return err == nil
	})
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.end(t).expect(t, -1) // by the signal
}
