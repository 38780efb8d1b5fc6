package app

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"flsim": func() { os.Exit(Main()) }})
}

// TestScripts runs the command as its users do. Each file of testdata/script is a sequence of commands with its files.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"interrupt": interrupt,
			"sigkill":   sigkill,
		},
	})
}

// exits runs a command and checks its exit code: exits CODE COMMAND ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// interrupt runs a command, interrupts it as soon as the files that a pattern matches have 20 lines, and checks that it
// then exits with the code of a stopped run: interrupt PATTERN COMMAND ARGS...
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupt PATTERN COMMAND ARGS...")
	}
	err := signalled(ts, os.Interrupt, args[0], 20, args[1:])
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitStopped {
		ts.Fatalf("interrupted command ends with %v, want exit code %d", err, exitStopped)
	}
}

// sigkill runs a command and kills it as soon as the files that a pattern matches have so many lines:
// sigkill PATTERN LINES COMMAND ARGS...
func sigkill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: sigkill PATTERN LINES COMMAND ARGS...")
	}
	least, err := strconv.Atoi(args[1])
	ts.Check(err)
	err = signalled(ts, os.Kill, args[0], least, args[2:])
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		ts.Fatalf("the killed command ended on its own: %v", err)
	}
}

// signalled runs a command, sends it a signal as soon as the files that a pattern matches have so many lines, and
// returns how it ends.
func signalled(ts *testscript.TestScript, signal os.Signal, pattern string, least int, command []string) error {
	path, err := exec.LookPath(filepath.Join(binDir(ts), command[0]))
	ts.Check(err)
	cmd := exec.Command(path, command[1:]...)
	cmd.Dir = ts.MkAbs(".")
	ts.Check(cmd.Start())
	for range 3000 {
		if lines(ts.MkAbs(pattern)) >= least {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Check(cmd.Process.Signal(signal))
	return cmd.Wait()
}

// binDir returns the folder that testscript put the commands into.
func binDir(ts *testscript.TestScript) string {
	first, _, _ := strings.Cut(ts.Getenv("PATH"), string(filepath.ListSeparator))
	return first
}

// lines counts the lines of the files that pattern matches.
func lines(pattern string) (n int) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return 0
	}
	for _, path := range paths {
		data, _ := os.ReadFile(path) // a file that is gone has no lines
		n += bytes.Count(data, []byte("\n"))
	}
	return n
}
