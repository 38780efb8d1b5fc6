package app

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/clients/nn"
	"flsim/internal/tensor"
)

// modelOptions are the options of "flsim models".
type modelOptions struct {
	input   string
	classes int
	regions int
	json    bool
}

func modelsCommand() *cobra.Command {
	var o modelOptions
	cmd := &cobra.Command{
		Use:   "models [NAME...]",
		Short: "List networks with their parameters, operations and papers",
		Long: `Models lists what model.name may be, with the number of parameters and the floating-point operations (in millions) that an
example takes in inference and in a step of training. Inputs are 32x32x3 and 28x28x1 for classifiers, 128x128x4 and
64x64x64x4 for networks that mark regions, unless --input says otherwise.`,
		Args:      cobra.ArbitraryArgs,
		RunE:      func(cmd *cobra.Command, args []string) error { return o.list(cmd.OutOrStdout(), args) },
		ValidArgs: nn.Names(),
	}
	f := cmd.Flags()
	f.StringVar(&o.input, "input", "", "shape of an example, height x width x channels, or depth x height x width x channels")
	f.IntVar(&o.classes, "classes", 10, "number of classes of classifiers")
	f.IntVar(&o.regions, "regions", 3, "number of regions that the others mark")
	f.BoolVar(&o.json, "json", false, "write JSON lines")
	return cmd
}

// modelLine is one model for one kind of input.
type modelLine struct {
	Name       string  `json:"name"`
	Input      string  `json:"input"`
	Outputs    int     `json:"outputs"` // classes or regions
	Regions    bool    `json:"marks_regions"`
	Parameters int     `json:"parameters"`
	Elements   int     `json:"elements"` // of the exchanged vector, buffers included
	Forward    float64 `json:"forward_flops"`
	Training   float64 `json:"training_flops"`
	Doc        string  `json:"doc"`
	Source     string  `json:"source,omitempty"`
}

func (o *modelOptions) list(w io.Writer, names []string) error {
	for _, name := range names {
		if !slices.Contains(nn.Names(), name) {
			return usageError{unknown("model", name, nn.Names())}
		}
	}
	var lines []modelLine
	for _, d := range nn.Descriptions() {
		if len(names) > 0 && !slices.Contains(names, d.Name) {
			continue
		}
		inputs, err := o.inputs(d)
		if err != nil {
			return usageError{err}
		}
		for _, shape := range inputs {
			line, err := o.line(d, shape)
			if err != nil && o.input != "" && len(names) > 0 {
				return usageError{err}
			}
			if err == nil { // without names, those are listed that take the input
				lines = append(lines, line)
			}
		}
	}
	if o.json {
		return encodeLines(w, lines)
	}
	return writeModels(w, lines)
}

// inputs returns the shapes that a model is listed for.
func (o *modelOptions) inputs(d nn.Description) ([]tensor.Shape, error) {
	switch {
	case o.input != "":
		shape, err := tensor.ParseShape(o.input)
		if err != nil {
			return nil, fmt.Errorf("--input: %w", err)
		}
		return []tensor.Shape{shape}, nil
	case d.Volumes:
		return []tensor.Shape{{D: 64, H: 64, W: 64, C: 4}}, nil
	case d.Regions:
		return []tensor.Shape{{H: 128, W: 128, C: 4}}, nil
	}
	return []tensor.Shape{{H: 32, W: 32, C: 3}, {H: 28, W: 28, C: 1}}, nil
}

func (o *modelOptions) line(d nn.Description, shape tensor.Shape) (modelLine, error) {
	cfg := nn.DefaultConfig()
	cfg.Name = d.Name
	build, outputs := nn.New, o.classes
	if d.Regions {
		build, outputs = nn.NewSegmenter, o.regions
	}
	m, err := build(cfg, shape, outputs)
	if err != nil {
		return modelLine{}, err
	}
	l := m.Layout()
	return modelLine{Name: d.Name, Input: shape.String(), Outputs: outputs, Regions: d.Regions, Parameters: l.Trainable(), Elements: l.Len(),
		Forward: m.ForwardFLOPs(), Training: m.TrainingFLOPs(), Doc: d.Doc, Source: d.Source}, nil
}

func writeModels(w io.Writer, lines []modelLine) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tinput\tparameters\tinference\ttraining\tdescription\tsource")
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", l.Name, l.Input, l.Parameters, millions(l.Forward), millions(l.Training), l.Doc, l.Source)
	}
	return t.Flush()
}

// millions writes a number of operations.
func millions(n float64) string {
	switch n /= 1e6; {
	case n < 10:
		return fmt.Sprintf("%.2f M", n)
	case n < 1000:
		return fmt.Sprintf("%.1f M", n)
	default:
		return fmt.Sprintf("%.0f M", n)
	}
}
