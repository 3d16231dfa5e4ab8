package janitor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/internal/setting"
	"caretaker/janitor"
)

// planCommand shows what apply would delete.
type planCommand struct {
	Target     command.Target   `embed:""`
	Format     format           `embed:""`
	Out        string           `short:"o" placeholder:"FILE" help:"Write the plan to a file, to be reviewed and given to apply --plan. With several Regions, each gets its own."`
	PolicyTime setting.Duration `default:"2m" placeholder:"TIME" help:"How long to look at resource policies, such as 90s or 10m, a call a version; apply looks at those that are left (${default})."`
}

// Run plans all Regions side by side.
func (p *planCommand) Run(j *command.Job) error {
	if p.Out == "json" {
		return console.Misuse("--out: json is not allowed: it names a file; for JSON on stdout use --json, for a file of this name ./json")
	}
	s, err := open(j, p.Target, false)
	if err != nil {
		return err
	}
	s.connect()
	files, err := s.planFiles(p.Out)
	if err != nil {
		return err
	}
	out := newOutput(s, p.Format, "plan")
	s.planAll(s.first)
	s.sideBySide(func(r *region) {
		s.look(r, p.PolicyTime.Std(), s.filed(r, files[r], out.printer(r)))
	})
	if err := out.close(); err != nil {
		return err
	}
	s.written(files)
	s.suggest(p.Out)
	return s.ending(console.Done)
}

// written says what the files hold, in the order of the Regions.
func (s *session) written(files map[*region]*planFile) {
	empty := 0
	for _, r := range s.regions {
		switch file := files[r]; {
		case file == nil || !file.whole:
		case file.holds == 0 && len(s.regions) > 1:
			empty++
		default:
			s.Say("%s holds %d versions.", file.path, file.holds)
		}
	}
	if empty > 0 {
		s.Say("Files without versions: %d.", empty)
	}
}

// suggest names the commands that carry the plans out.
func (s *session) suggest(out string) {
	apply := append([]string{s.Called(), "janitor", "apply"}, s.Settings.Flags()...)
	var going []*region
	for _, r := range s.regions {
		if r.err == nil && r.report.Deletable() > 0 && (out != "" || !r.report.Belt.Closed()) {
			going = append(going, r)
		}
	}
	switch {
	case len(going) == 0:
	case out != "":
		for _, r := range going {
			here := command.Target{Profile: s.target.Profile, Region: []string{r.name}}
			s.Say("To delete these: %s", console.Suggest(slices.Concat(apply, here.Flags(), []string{"--plan", s.planPath(out, r)})...))
		}
	case len(s.regions) == 1:
		here := command.Target{Profile: s.target.Profile, Region: []string{s.regions[0].name}}
		s.Say("To delete them: %s", console.Suggest(append(apply, here.Flags()...)...))
	default:
		s.Say("To delete them: %s", console.Suggest(append(apply, s.target.Flags()...)...))
	}
}

// planFile takes its name when it is whole.
type planFile struct {
	path string
	*os.File
	// holds is how many versions are in it, once it is whole.
	holds int
	whole bool
}

// planFiles are begun before anything is asked, so that a folder that cannot be written to
// is known at once and not after minutes. Without a path there are none.
func (s *session) planFiles(path string) (files map[*region]*planFile, err error) {
	files = map[*region]*planFile{}
	defer func() {
		if err == nil {
			return
		}
		for _, file := range files {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if path == "" {
		return files, nil
	}
	if path == "-" {
		return nil, console.Misuse("--out: - is not allowed: name a file; for output on stdout use --json")
	}
	for _, r := range s.regions {
		own := s.planPath(path, r)
		if info, err := os.Stat(own); err == nil && info.IsDir() {
			return nil, console.Misuse("--out: %s is a folder", own)
		}
		file, err := os.CreateTemp(filepath.Dir(own), "."+filepath.Base(own)+"-*")
		if err != nil {
			return nil, fmt.Errorf("writing the plan to %s: %w", own, command.Innermost(err)) // without the name that nobody gave
		}
		files[r] = &planFile{path: own, File: file}
	}
	return files, nil
}

// planPath is the path itself, or one for each of several Regions.
func (s *session) planPath(path string, r *region) string {
	if len(s.regions) == 1 {
		return path
	}
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + "-" + r.name + extension
}

// filed has the decisions written to the plan file too, if there is one.
func (s *session) filed(r *region, file *planFile, show printer) printer {
	if file == nil {
		return show
	}
	return &filing{printer: show, file: file, writer: janitor.NewPlanWriter(file, janitor.PlanHead{
		Account: s.account.Number, Region: r.name, Stage: s.Stage(), Configuration: config.Digest(s.file.Janitor), Made: r.plan.Made,
	})}
}

// filing writes a plan file beside what is printed.
type filing struct {
	printer
	file   *planFile
	writer *janitor.PlanWriter
}

func (f *filing) decided(d janitor.Decision) {
	f.writer.Add(d)
	f.printer.decided(d)
}

func (f *filing) finished(r *region) {
	count, err := f.writer.Close()
	err = errors.Join(err, f.file.Close())
	planned := !r.report.Started.IsZero()
	if planned && err == nil {
		err = os.Rename(f.file.Name(), f.file.path)
	}
	switch {
	case err != nil:
		r.err = errors.Join(r.err, fmt.Errorf("writing the plan: %w", errors.Join(err, os.Remove(f.file.Name()))))
	case planned:
		f.file.holds, f.file.whole = count, true
	default:
		r.err = errors.Join(r.err, os.Remove(f.file.Name()))
	}
	f.printer.finished(r)
}
