package configs

import (
	"regexp"
	"slices"
	"strings"
)

// Plot is one figure, from a [plot.NAME] table.
type Plot struct {
	Name    string    `toml:"-"`
	Kind    string    `toml:"kind" one:"curves|bars|pareto|heatmap|sweep|timeline" doc:"Curves over an axis; bars of what it took to reach targets; the final metric over what was sent, with the Pareto front; a heat map over two swept keys; curves over one swept key; or who was busy when in the first rounds."`
	X       string    `toml:"x" default:"what suits the kind" doc:"What the horizontal axis shows. Curves: uplink_bits, downlink_bits, total_bits, round, sim_time, or a column of the records; bits are summed over all clients, sim_time is simulated. Bars: one of the first five. pareto: compression, total_compression, or one of the five. heatmap and sweep: a swept key, or its last part."`
	Y       string    `toml:"y" default:"metric; of a heat map a swept key" doc:"What the vertical axis shows: a column of the records, such as loss, nmse_uplink or levels; names without a prefix are of the test set, and metric is accuracy or, of a segmentation, dice. heatmap: a swept key, or its last part. sweep: a column, whose last value counts, or what it took to reach the target: uplink_bits, downlink_bits, total_bits, round or sim_time."`
	Z       string    `toml:"z" default:"metric" doc:"What the colours of a heat map show: a column, whose last value counts, or what it took to reach the target: uplink_bits, downlink_bits, total_bits, round or sim_time."`
	Targets []float64 `toml:"targets" in:"(0,1)" doc:"Values of the metric to use in place of eval.targets."`
	Marks   bool      `toml:"marks" doc:"Whether figures of curves have lines at the targets."`
	Facet   string    `toml:"facet" doc:"Swept key, or its last part, or variant: a small figure for each of its values, with common axes."`
	Band    string    `toml:"band" one:"std|ci95|minmax|none" doc:"What is drawn around means over seeds: standard deviation, 95 % confidence interval of the mean (Student's t), or smallest and largest."`
	Best    bool      `toml:"best" doc:"Whether the best value so far is shown in place of the value."`
	Title   string    `toml:"title" doc:"Title of the figure; empty means the experiment's name."`
	Heading bool      `toml:"heading" doc:"Whether title and subtitle stand above the figure."`
	Account string    `toml:"account" one:"wire|payload|entropy|paper" doc:"How bits are counted: as transmitted, without the frames, by the entropy bound, or by the authors' own formulas."`
	Minus   float64   `toml:"minus" doc:"Number that is taken off y, such as the known minimum of a loss; the vertical axis is logarithmic then."`
	XScale  string    `toml:"xscale" one:"auto|linear|log" doc:"Horizontal axis; auto is logarithmic for bits and compression, and for swept values that differ by more than a factor of 20."`
	YScale  string    `toml:"yscale" one:"auto|linear|log" doc:"Vertical axis, or colours of a heat map."`
	XLim    []float64 `toml:"xlim" in:"[-inf,inf]" doc:"Ends of the horizontal axis, [low, high], in its units; -inf and inf leave an end to the data."`
	YLim    []float64 `toml:"ylim" in:"[-inf,inf]" doc:"The same of the vertical axis."`
	Beside  bool      `toml:"beside" doc:"Whether the same metric on training data is drawn beside y."`
	Regions bool      `toml:"regions" doc:"Of a segmentation: whether there is a curve for each region, in place of their mean."`
	Rounds  int       `toml:"rounds" in:"[1,10000]" doc:"Rounds of a timeline."`
	Only    []string  `toml:"only" doc:"Variants or labels to show, with the wildcards * and ?."`
	Without []string  `toml:"without" doc:"Variants or labels to leave out."`
	Order   []string  `toml:"order" doc:"Variants or labels in the order of the legend."`
	Labels  []string  `toml:"labels" doc:"Own labels, each \"NAME=TEXT\"."`
	Size    string    `toml:"size" one:"default|ieee-1col|ieee-2col|slide" doc:"Size on paper: 5.2, 3.5, 7.16 or 10 inch wide."`
}

// DefaultPlot returns the settings of a [plot.NAME] table that is empty.
func DefaultPlot() Plot {
	return Plot{Kind: "curves", Band: "std", Marks: true, Heading: true, Account: "wire", XScale: "auto", YScale: "auto", Rounds: 3, Size: "default"}
}

// metricColumns are the columns that evaluations, codecs and clients write, but for bits.
var metricColumns = []string{
	MetricWord, "accuracy", "train_accuracy", "validation_accuracy", "dice", "train_dice", "validation_dice",
	"dice_wt", "dice_tc", "dice_et", "hd95_wt", "hd95_tc", "hd95_et", "loss", "train_loss", "validation_loss", "top5_accuracy",
	"client_accuracy", "worst_client_accuracy", "received_accuracy", "received_loss", "local_loss", "reported_loss", "reported_range", "levels", "objective",
	"nmse_uplink", "nmse_downlink", "sparsity", "forward_flops", "clients", "examples", "sim_time_s",
}

var (
	bitColumn   = regexp.MustCompile(`^(uplink|downlink)_(wire|payload|side|entropy|paper)_bits(_cum)?$|^total_(wire|payload|side|entropy|paper)_bits_cum$`)
	costNames   = []string{"uplink_bits", "downlink_bits", "total_bits", "round", "sim_time"}
	paretoNames = append([]string{"compression", "total_compression"}, costNames...)
)

// column returns the column whose values a figure shows, and the key that names it. Bars and timelines have none.
func (p *Plot) column() (name, key string) {
	switch p.Kind {
	case "curves", "pareto":
		return p.Y, "y"
	case "sweep":
		if !slices.Contains(costNames, p.Y) {
			return p.Y, "y"
		}
	case "heatmap":
		return p.Z, "z"
	}
	return "", "y"
}

// plot reports words of a figure's table that are not known, and limits that are none.
func (d *decoder) plot(n *node, path string, p *Plot) {
	d.limits(n, join(path, "xlim"), p.XLim)
	d.limits(n, join(path, "ylim"), p.YLim)
	switch p.Kind {
	case "curves":
		d.word(n, join(path, "x"), p.X, costNames, true)
		d.word(n, join(path, "y"), p.Y, nil, true)
	case "bars":
		d.word(n, join(path, "x"), p.X, costNames, false)
	case "pareto":
		d.word(n, join(path, "x"), p.X, paretoNames, false)
		d.word(n, join(path, "y"), p.Y, nil, true)
	case "sweep":
		d.word(n, join(path, "y"), p.Y, costNames, true)
	case "heatmap":
		d.word(n, join(path, "z"), p.Z, costNames, true)
	}
}

// word reports a word of a table that is none of those that are allowed. Columns are allowed by request; those of single sites
// of a segmentation are known to their data alone.
func (d *decoder) word(n *node, path, word string, allowed []string, columns bool) {
	words := strings.Join(allowed, ", ")
	if columns {
		words = strings.TrimPrefix(words+", or a column of the records, such as accuracy, loss or nmse_uplink", ", or ")
		allowed = append(slices.Clone(allowed), metricColumns...)
	}
	if word == "" || slices.Contains(allowed, word) || columns && (bitColumn.MatchString(word) || strings.HasPrefix(word, "dice_") || strings.HasPrefix(word, "hd95_")) {
		return
	}
	d.fail(n.kid(path[strings.LastIndexByte(path, '.')+1:]), path, true, words, "%s = %q is nothing that can be shown%s", path, word, didYouMean(word, allowed))
}

// limits reports ends of an axis that are not two ascending numbers.
func (d *decoder) limits(n *node, path string, list []float64) {
	if d.isBad(path) || len(list) == 0 || len(list) == 2 && list[0] < list[1] {
		return
	}
	d.fail(n.kid(path[strings.LastIndexByte(path, '.')+1:]), path, true, "[low, high]", "%s wants two numbers, the first below the second", path)
}
