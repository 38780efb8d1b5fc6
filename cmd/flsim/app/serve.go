package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"flsim/plots/report/live"
)

// serveOptions are the options of "flsim serve".
type serveOptions struct {
	addr  string
	title string
}

func serveCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve RUNS...",
		Short: "Show runs in the browser while they go on",
		Long: `Serve shows the page of flsim report at a local address and adds rounds as runs play them,
wherever they play: it only reads the files. Nobody but this machine can see it. From a cluster:
ssh -L 8090:127.0.0.1:8090 HOST flsim serve RUNS --addr 127.0.0.1:8090`,
		Example: `  flsim serve runs/quickstart
  flsim serve runs --addr 127.0.0.1:8090`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), interrupts...)
			defer stop()
			return o.serve(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr(), args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:0", "address and port; port 0 takes a free one")
	f.StringVar(&o.title, "title", "", "the page's title; the experiments' names if not given")
	return cmd
}

// serve serves until ctx ends.
func (o *serveOptions) serve(ctx context.Context, stdout, stderr io.Writer, roots []string) error {
	host, _, err := net.SplitHostPort(o.addr)
	if err != nil {
		return usageError{fmt.Errorf("--addr %s: it is written ADDRESS:PORT, as in 127.0.0.1:8090", o.addr)}
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", o.addr, err)
	}
	if local, ok := listener.Addr().(*net.TCPAddr); ok && !local.IP.IsLoopback() {
		fmt.Fprintf(stderr, "flsim: whoever reaches %s can read these runs; 127.0.0.1 is for this machine alone\n", listener.Addr())
	}
	pages := live.NewServer(roots, o.title, host)
	for _, note := range pages.Page().Notes {
		fmt.Fprintln(stderr, "flsim:", note)
	}
	fmt.Fprintf(stdout, "http://%s/  (Ctrl-C ends it)\n", listener.Addr())

	server := &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go pages.Watch(ctx)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	rest, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	err = server.Shutdown(rest)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
