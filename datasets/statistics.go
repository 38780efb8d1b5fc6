package datasets

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"flsim/internal/units"
)

// Statistics describes which labels each client holds.
type Statistics struct {
	Counts   [][]int   // [client][class]: number of examples
	Sizes    []int     // per client: number of examples
	Total    []int     // per class: number of examples over all clients
	Distance []float64 // per client: total-variation distance of its labels from those of the whole; NaN if it holds nothing
	Empty    int       // number of clients without examples

	// Heterogeneity is the mean Distance over the clients that hold something: 0 if all hold the same mixture of
	// labels, towards 1 if each holds labels that hardly occur elsewhere. Clients count alike, whatever their size.
	Heterogeneity float64
}

// Stats counts the labels of source in each of shards.
func Stats(source Source, shards [][]int32) *Statistics {
	s := &Statistics{Total: make([]int, source.Classes())}
	for _, shard := range shards {
		counts := make([]int, source.Classes())
		for _, i := range shard {
			y := source.Label(int(i))
			counts[y]++
			s.Total[y]++
		}
		s.Counts = append(s.Counts, counts)
		s.Sizes = append(s.Sizes, len(shard))
	}
	s.compare()
	return s
}

// compare sets Distance, Empty and Heterogeneity.
func (s *Statistics) compare() {
	all, distances := sum(s.Total), 0.0
	for k, counts := range s.Counts {
		if s.Sizes[k] == 0 {
			s.Empty++
			s.Distance = append(s.Distance, math.NaN())
			continue
		}
		d := 0.0
		for y, n := range counts {
			d += math.Abs(float64(n)/float64(s.Sizes[k])-float64(s.Total[y])/float64(all)) / 2
		}
		s.Distance = append(s.Distance, d)
		distances += d
	}
	if filled := len(s.Counts) - s.Empty; filled > 0 {
		s.Heterogeneity = distances / float64(filled)
	}
}

// The table shows so many clients, and so many classes each in a column of its own.
const (
	tableRows    = 10
	tableClasses = 12
)

// WriteTable writes a summary of all clients and a table of the first ten.
func (s *Statistics) WriteTable(w io.Writer) error {
	b := bufio.NewWriter(w)
	s.writeSummary(b)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "client\texamples\tlabels\tdistance\t%s\n", s.heading())
	rows := min(len(s.Counts), tableRows)
	for k := range rows {
		fmt.Fprintf(t, "%d\t%d\t%d\t%s\t%s\n", k, s.Sizes[k], held(s.Counts[k]), decimal(s.Distance[k]), s.cells(s.Counts[k]))
	}
	fmt.Fprintf(t, "all\t%d\t%d\t\t%s\n", sum(s.Total), held(s.Total), s.cells(s.Total))
	t.Flush()
	if more := len(s.Counts) - rows; more > 0 {
		fmt.Fprintf(b, "and %s\n", units.Count(more, "more client"))
	}
	return b.Flush()
}

func (s *Statistics) writeSummary(w io.Writer) {
	fmt.Fprintf(w, "%s of %s among %s, %d of them empty\n",
		units.Count(sum(s.Total), "example"), units.Count(held(s.Total), "label"), units.Count(len(s.Counts), "client"), s.Empty)
	labels := make([]int, len(s.Counts))
	for k, counts := range s.Counts {
		labels[k] = held(counts)
	}
	fmt.Fprintf(w, "examples per client: %s\n", quantiles(s.Sizes))
	fmt.Fprintf(w, "labels per client:   %s\n", quantiles(labels))
	fmt.Fprintf(w, "mean total-variation distance from the labels of the whole: %.3f\n", s.Heterogeneity)
}

// heading names the columns that cells fills: one per class, or one for all if there are many classes.
func (s *Statistics) heading() string {
	if len(s.Total) > tableClasses {
		return "most frequent labels\t"
	}
	var b strings.Builder
	for y := range s.Total {
		fmt.Fprintf(&b, "%d\t", y)
	}
	return b.String()
}

func (s *Statistics) cells(counts []int) string {
	if len(counts) > tableClasses {
		return mostFrequent(counts, 3) + "\t"
	}
	var b strings.Builder
	for _, n := range counts {
		fmt.Fprintf(&b, "%d\t", n)
	}
	return b.String()
}

// mostFrequent lists the labels that occur most, each as label:count.
func mostFrequent(counts []int, most int) string {
	var order []int
	for y, n := range counts {
		if n > 0 {
			order = append(order, y)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	var words []string
	for _, y := range order[:min(most, len(order))] {
		words = append(words, fmt.Sprintf("%d:%d", y, counts[y]))
	}
	return strings.Join(words, " ")
}

// quantiles writes least, quartiles and greatest of v.
func quantiles(v []int) string {
	if len(v) == 0 {
		return "none"
	}
	v = slices.Sorted(slices.Values(v))
	at := func(q int) int { return v[(len(v)-1)*q/4] }
	return fmt.Sprintf("min %d, quartiles %d %d %d, max %d", at(0), at(1), at(2), at(3), at(4))
}

// held returns the number of labels that occur.
func held(counts []int) int {
	n := 0
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

func sum(v []int) int {
	n := 0
	for _, x := range v {
		n += x
	}
	return n
}

// decimal writes a distance, and a dash for none.
func decimal(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.3f", v)
}
