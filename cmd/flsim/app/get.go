package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"flsim/datasets"
	"flsim/datasets/fetch"
	"flsim/internal/units"
	"flsim/sim"
)

// getOptions are the options of "flsim data get".
type getOptions struct {
	dir      string
	progress string
}

func dataGetCommand() *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get SET...",
		Short: "Download data sets from their official addresses",
		Long: `Get downloads CIFAR-10, CIFAR-100, MNIST, Fashion-MNIST or EMNIST from where their authors offer them, into the data
directory, and checks sizes and SHA-256. A download that broke off continues. Proxies are those of HTTPS_PROXY, HTTP_PROXY
and NO_PROXY. Nothing else of flsim uses the network.
For BraTS it says where to register.`,
		Args:      cobra.MinimumNArgs(1),
		RunE:      func(cmd *cobra.Command, args []string) error { return o.get(cmd, args) },
		ValidArgs: datasets.Names(),
	}
	addDataDir(cmd, &o.dir)
	cmd.Flags().StringVar(&o.progress, "progress", "auto", "how progress is told: auto, line, plain, none")
	return cmd
}

func (o *getOptions) get(cmd *cobra.Command, names []string) error {
	dir, err := dataDir(o.dir)
	if err != nil {
		return err
	}
	status, err := newStatus(cmd.ErrOrStderr(), o.progress, 0)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := knownSet(name); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), interrupts...)
	defer stop()
	g := &fetch.Fetcher{Client: http.DefaultClient, Dir: dir,
		Watch: func(f *fetch.File, done int64) {
			if status.redraw && time.Since(status.drawn) >= minRedraw {
				status.draw(fmt.Sprintf("%s  %s of %s", f.Path, units.Bytes(float64(done)), units.Bytes(float64(f.Size))))
			}
		},
		Told: func(f *fetch.File, message string) { status.print(f.Path + "  " + message) }}
	for _, name := range names {
		if ctx.Err() == nil {
			err = errors.Join(err, getSet(ctx, g, name, cmd.OutOrStdout()))
			status.clear()
		}
	}
	return err
}

// getSet downloads one data set, unless it is there.
func getSet(ctx context.Context, g *fetch.Fetcher, name string, stdout io.Writer) error {
	if datasets.Is(name, datasets.Generated) {
		fmt.Fprintf(stdout, "%s is generated and needs no files\n", name)
		return nil
	}
	if place, err := datasets.Locate(name, g.Dir); err == nil {
		fmt.Fprintf(stdout, "%s is there: %s\n", name, place)
		return nil
	}
	source, ok := fetch.SourceOf(name)
	if !ok || source.Terms != "" {
		return &fetch.ByHandError{Set: name, Do: source.Terms}
	}
	err := g.Get(ctx, &source)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; the same command continues", sim.ErrStopped)
	}
	if err != nil {
		return err
	}
	place, err := datasets.Locate(name, g.Dir)
	if err == nil {
		fmt.Fprintf(stdout, "%s is there: %s\n", name, place)
	}
	return err
}
