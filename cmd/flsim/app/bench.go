package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flsim/internal/bench"
	"flsim/internal/f32"
	"flsim/internal/units"
)

// benchOptions are the options of "flsim bench".
type benchOptions struct {
	span      time.Duration
	precision string
	cores     int
	json      bool
	profile   string
}

func benchCommand() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench [WORKLOAD...]",
		Short: "Measure how fast this machine trains",
		Long:  benchHelp(),
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args, cmd.OutOrStdout())
		},
	}
	for _, w := range bench.Workloads() {
		cmd.ValidArgs = append(cmd.ValidArgs, w.Name)
	}
	f := cmd.Flags()
	f.DurationVar(&o.span, "time", 2*time.Second, "how long each workload is measured")
	f.StringVar(&o.precision, "precision", "float32", "of products and convolutions: float32, or bf16 where the processor has it")
	f.IntVar(&o.cores, "cores", 1, "clients that train at once, each on a core of its own")
	f.BoolVar(&o.json, "json", false, "write JSON lines")
	addProfile(cmd, &o.profile)
	return cmd
}

func benchHelp() string {
	var b strings.Builder
	b.WriteString(`Bench trains small networks on made-up images and prints images per second and core, and which share
of the floating-point operations of a loop of fused multiply-adds, measured in turn with it, that is.
On a shared machine the share tells more than the rate. Workloads:

`)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, w := range bench.Workloads() {
		fmt.Fprintf(t, "    %s\t%s, batch %d\n", w.Name, w.Doc, w.Batch)
	}
	t.Flush()
	return strings.TrimRight(b.String(), "\n")
}

func (o *benchOptions) run(ctx context.Context, names []string, out io.Writer) (err error) {
	workloads, err := chosenWorkloads(names)
	if err != nil {
		return err
	}
	if o.cores < 1 || o.cores > runtime.NumCPU() {
		return usageError{fmt.Errorf("--cores %d: this machine has 1 to %d", o.cores, runtime.NumCPU())}
	}
	if o.span <= 0 {
		return usageError{fmt.Errorf("--time %v: it must be above 0", o.span)}
	}
	precision, err := precisionByName(o.precision)
	if err != nil {
		return err
	}
	return profiled(o.profile, func() error { return o.measure(ctx, workloads, precision, out) })
}

func (o *benchOptions) measure(ctx context.Context, workloads []bench.Workload, precision f32.Precision, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !o.json {
		fmt.Fprintln(t, "workload\tnetwork\tbatch\timages/s per core\tshare of FMA loop\tkernel\tprecision")
	}
	for _, w := range workloads {
		r, err := bench.Measure(ctx, w, precision, o.cores, o.span)
		if err != nil {
			return err
		}
		if o.json {
			err = json.NewEncoder(out).Encode(r)
		} else {
			_, err = fmt.Fprintf(t, "%s\t%s\t%d\t%.4g\t%s\t%s\t%s\n", r.Name, w.Doc, r.Batch, r.ImagesPerS, units.Percent(r.FLOPSRatio), r.Kernel, r.Precision)
		}
		if err != nil {
			return err
		}
	}
	return t.Flush()
}

func precisionByName(name string) (f32.Precision, error) {
	switch {
	case name == f32.Float32.String():
		return f32.Float32, nil
	case name != f32.BFloat16.String():
		return 0, usageError{fmt.Errorf("--precision %s: it is one of float32, bf16", name)}
	case f32.BF16() == "":
		return 0, usageError{fmt.Errorf("--precision bf16 needs a processor with AVX512-BF16 and the kernel avx512; here the kernel is %s", f32.Kernel())}
	}
	return f32.BFloat16, nil
}

func chosenWorkloads(names []string) ([]bench.Workload, error) {
	all := bench.Workloads()
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, w := range all {
		known = append(known, w.Name)
	}
	var chosen []bench.Workload
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, usageError{unknown("workload", name, known)}
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
