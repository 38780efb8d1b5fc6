// Package app is the command flsim. Programs that add codecs, models or data sets of their own call Main.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"flsim/clients"
	"flsim/codecs"
	"flsim/configs"
	"flsim/datasets"
	"flsim/datasets/fetch"
	"flsim/internal/f32"
	"flsim/sim"
)

// Exit codes. Scripts and schedulers rely on them.
const (
	exitDone        = 0
	exitFailed      = 1   // a run failed
	exitUsage       = 2   // wrong options or configuration
	exitData        = 3   // data are missing or wrong
	exitDiverged    = 4   // training left the finite numbers
	exitStopped     = 75  // stopped, and can be continued
	exitInterrupted = 130 // stopped at once by a second interrupt
)

// Main runs the command that the process was started with, as flsim does, and returns the exit code for os.Exit. What
// has been registered before, such as by imports of the calling program, is known to it.
func Main() int { return run(os.Args[1:], os.Stdout, os.Stderr) }

// run is Main without the process around it.
func run(args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(context.Background())
	if err != nil && !errors.Is(err, errReported) {
		fmt.Fprintln(stderr, "flsim:", err)
	}
	if missing := new(datasets.MissingError); errors.As(err, &missing) {
		fmt.Fprintln(stderr, "--data-dir or FLSIM_DATA_DIR says where data sets are; flsim data list tells which of them flsim data get downloads")
	}
	return exitCode(err)
}

// onInterrupt ends the round under way at the first interrupt and the process at the second. It returns a function
// that undoes this.
func onInterrupt(stop context.CancelFunc, stderr io.Writer) func() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, interrupts...)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		fmt.Fprintln(stderr, "\nflsim: finishing the round; interrupt again to stop at once")
		stop()
		select {
		case <-signals:
			os.Exit(exitInterrupted)
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// errReported marks an error whose text has been written where the user reads it.
var errReported = errors.New("reported")

// toldError is an error that was told in full when it happened: what is left to say is that it did.
type toldError struct {
	summary string
	error
}

// Error returns the summary.
func (e toldError) Error() string { return e.summary }

// Unwrap returns what was told.
func (e toldError) Unwrap() error { return e.error }

// usageError is an error in how the command was called.
type usageError struct{ error }

func exitCode(err error) int {
	var (
		usage   usageError
		config  configs.Errors
		clash   *configs.ContradictionError
		local   *clients.DivergedError
		global  *sim.DivergedError
		fetched *fetch.Error
		byHand  *fetch.ByHandError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, sim.ErrStopped): // whatever else failed before: the command is to be repeated
		return exitStopped
	case errors.As(err, &usage), errors.As(err, &config), errors.As(err, &clash):
		return exitUsage
	case datasets.AtFault(err), errors.As(err, &fetched), errors.As(err, &byHand):
		return exitData
	case errors.As(err, &local), errors.As(err, &global), errors.Is(err, codecs.ErrNotFinite):
		return exitDiverged
	}
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "flsim",
		Short: "Simulate communication-efficient federated learning",
		Long: `flsim simulates federated learning on one machine: clients really train, codecs really encode
every message, and a simulated clock carries the bytes over modelled links. It records bits
transmitted against accuracy and draws the curves.

Start with:  flsim run configs/quickstart.toml`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		PersistentPreRunE: func(*cobra.Command, []string) error { return kernelError(f32.Err()) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w%s; see %s --help", err, flagSuggestion(cmd, err), cmd.CommandPath())}
	})
	root.AddCommand(
		runCommand(), sweepCommand(), checkCommand(), schemaCommand(),
		plotCommand(), tableCommand(), reportCommand(), serveCommand(),
		lsCommand(), showCommand(), diffCommand(), exportCommand(),
		codecsCommand(), modelsCommand(), dataCommand(), benchCommand(), versionCommand(), manCommand(root),
	)
	checkArgs(root.Commands())
	complete(root)
	root.Args = unknownCommand
	return root
}

// checkArgs makes complaints about arguments of commands, and of those below them, usage errors.
func checkArgs(commands []*cobra.Command) {
	for _, cmd := range commands {
		cmd.Args = usageArgs(cmd.Args)
		checkArgs(cmd.Commands())
	}
}

// kernelError makes the wish for a kernel that there is not a usage error.
func kernelError(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// usageArgs makes complaints of check usage errors.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
		}
		return nil
	}
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return usageError{unknown("command", args[0], names)}
}
