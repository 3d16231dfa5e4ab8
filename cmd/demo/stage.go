package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"caretaker/internal/config"
	"caretaker/internal/emulator"
)

// stage is what all acts share: the account, and where they show what happens in it.
type stage struct {
	*emulator.Emulator
	out *screen
	// folder holds everything temporary; close removes it.
	folder string
	// log takes what is not shown, for the case of failure.
	log *os.File
	// set are the keys of caretaker.yaml that an emulator with one Region needs otherwise.
	set []string
	// config is the copy of caretaker.yaml that was deployed; empty where it was the file itself.
	config string
	// ends are what acts started and close has to end.
	ends []func()
	// turn is the part whose act is on, figures what all acts have shown.
	turn    string
	figures []figure
}

// openStage starts the emulator.
func openStage(ctx context.Context, out *screen) (*stage, error) {
	// Everything is found from here, as by make.
	if _, err := os.Stat("cdk.json"); err != nil {
		return nil, errors.New("start this with make demo, in the root of the repository")
	}
	file, err := config.Load("caretaker.yaml", config.Options{})
	if err != nil {
		return nil, err
	}
	s := &stage{out: out}
	// An edited file is for one account, which no command leaves: the emulator plays that one.
	options := emulator.Options{Auth: true, CloudTrail: true, Account: file.Account}
	if len(file.Regions) > 0 {
		options.Region = file.Regions[0]
	}
	if len(file.Regions) > 1 {
		s.set = append(s.set, "regions=["+file.Regions[0]+"]")
	}
	if s.folder, err = os.MkdirTemp("", fmt.Sprint("caretaker-demo-", os.Getpid(), "-")); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(filepath.Join(s.folder, "log")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	options.Log = s.log
	out.heading("An AWS account to play with")
	started := time.Now()
	err = out.during(func() string { return "starting the emulator" }, func() (err error) {
		s.Emulator, err = emulator.Start(ctx, options)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, s.close(ctx.Err() == nil))
	}
	out.endpoint = s.Endpoint()
	out.fact("emulator", "MiniStack, account %s, Region %s, up in %s", s.Account(), s.Region(), seconds(time.Since(started)))
	out.aside("An emulator on this machine: no AWS account is asked or changed. It enforces IAM, so that what is deployed " +
		"can do only what its role allows. A proxy in front records each call, and corrects what the emulator answers otherwise " +
		"than AWS: pages of 50 versions, code storage, dates, refusals.")
	return s, nil
}

// close ends every process and removes every file; keep leaves the log behind.
func (s *stage) close(keep bool) error {
	for _, end := range s.ends {
		end()
	}
	if s.Emulator != nil {
		s.Stop()
	}
	var err error
	if keep {
		err = s.keepLog()
	}
	return errors.Join(err, s.log.Close(), removeAll(s.folder))
}

// keepLog copies the log to where it can be read and says so.
func (s *stage) keepLog() error {
	if _, err := s.log.Seek(0, io.SeekStart); err != nil {
		return err
	}
	kept, err := os.CreateTemp("dist", "demo-*.log")
	if err != nil {
		return err
	}
	_, err = io.Copy(kept, s.log)
	s.out.say("\nThe whole log: %s", kept.Name())
	return errors.Join(err, kept.Close())
}

// removeAll removes a folder into which a killed process may write a last time.
func removeAll(folder string) error {
	var err error
	for range 20 {
		if err = os.RemoveAll(folder); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// command is a program in the account's surroundings, and in none of the developer's. It
// has a process group of its own: whatever it starts ends with it, and both with ctx.
func (s *stage) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, program, arguments...) // #nosec G204 -- programs of this checkout
	command.Env = append(s.Environ(), "TMPDIR="+s.folder, "CDK_HOME="+filepath.Join(s.folder, "cdk-home"))
	if !s.out.colour {
		command.Env = append(command.Env, "NO_COLOR=1")
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
	return command
}

// finish runs the command and ends whatever it leaves behind.
func finish(command *exec.Cmd) error {
	err := command.Run()
	if command.Process == nil {
		return err
	}
	// Mostly nobody is left in the group. Who is takes a moment to die, and must not write into
	// the folder after it was removed.
	for range 40 {
		if syscall.Kill(-command.Process.Pid, syscall.SIGKILL) != nil {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	return err
}
