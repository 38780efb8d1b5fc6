package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

// Curve is what one run measured: Y[i] at X[i]. Pairs that are not finite are left out of figures.
type Curve struct{ X, Y []float64 }

// Series is one line of a figure: the runs of one variant that differ in their seed.
type Series struct {
	Label  string
	Order  int     // chooses colour, dash and marker, the same in all figures of an experiment
	Seeds  []Curve // one per run
	Beside []Curve // of the same runs, drawn thin beside the others, such as training accuracy; may be empty
}

// Band says what the shaded band around a mean shows.
type Band int

const (
	StdBand    Band = iota // one standard deviation (of a sample: divisor n-1) to either side
	CI95Band               // 95 % confidence interval of the mean, by Student's t
	MinMaxBand             // smallest and largest
	NoBand
)

// BandNames returns the names of the bands, in the order of their values.
func BandNames() []string { return []string{"std", "ci95", "minmax", "none"} }

// BandByName finds a band by one of BandNames; an empty name is the first.
func BandByName(name string) (Band, error) {
	if i := slices.Index(BandNames(), name); i >= 0 || name == "" {
		return Band(max(i, 0)), nil
	}
	return 0, fmt.Errorf("no band is named %q; there are %s", name, strings.Join(BandNames(), ", "))
}

// Words says what the band shows of so many seeds, in words.
func (b Band) Words(seeds string) string {
	switch b {
	case CI95Band:
		return "mean and 95 % CI over " + seeds
	case MinMaxBand:
		return "mean and range over " + seeds
	case NoBand:
		return "mean over " + seeds
	}
	return "mean ± std over " + seeds
}

// Around returns the mean of values and the edges of their band.
func (b Band) Around(values []float64) (mean, low, high float64) {
	mean, std := meanStd(values)
	half := 0.0
	switch b {
	case StdBand:
		half = std
	case CI95Band:
		half = std * halfWidth95(len(values))
	case MinMaxBand:
		return mean, slices.Min(values), slices.Max(values)
	}
	return mean, mean - half, mean + half
}

// halfWidth95 returns half the width of the 95 % confidence interval of the mean of n values, in their standard
// deviations; 0 for a single value, whose deviation is not known.
func halfWidth95(n int) float64 {
	if n < 2 {
		return 0
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}
	return t.Quantile(0.975) / math.Sqrt(float64(n))
}

// Summary is the mean of several curves, Low and High the edges of its band. All have the length of X, which
// ascends.
type Summary struct {
	X, Mean, Low, High []float64
	Seeds              int // curves that had points
}

// Summarise averages curves over seeds.
//
// Bits and seconds at one evaluation differ a little between seeds, so equal indices do not mean equal x. The mean
// at x is therefore taken over every curve's value at that x, by linear interpolation: "accuracy after so many
// bits". It is given at the points of the curve that has most of them, and only where all curves have values:
// beyond that a seed that stopped early would make the mean jump. Where the x agree, as rounds do, nothing is
// interpolated. Curves that nowhere overlap, such as single points, are averaged point by point.
// Figures average in the coordinates of their axes, hence along the lines that one sees.
func Summarise(seeds []Curve, band Band) Summary {
	var clean []Curve
	for _, c := range seeds {
		if c = c.clean(); len(c.X) > 0 {
			clean = append(clean, c)
		}
	}
	if len(clean) == 0 {
		return Summary{}
	}
	grid := commonGrid(clean)
	if grid == nil {
		return summariseByIndex(clean, band)
	}
	s := Summary{Seeds: len(clean)}
	values := make([]float64, len(clean))
	for _, x := range grid {
		for i, c := range clean {
			values[i] = c.at(x)
		}
		s.add(x, values, band)
	}
	return s
}

// summariseSteps is Summarise for curves that hold each value until their next point. It gives two points wherever a curve
// jumps, before and after.
func summariseSteps(seeds []Curve, band Band) Summary {
	var curves []Curve
	var grid []float64
	low, high := math.Inf(-1), math.Inf(1)
	for _, c := range seeds {
		if c = c.clean(); len(c.X) > 0 {
			curves = append(curves, c)
			grid = append(grid, c.X...)
			low, high = max(low, c.X[0]), min(high, c.X[len(c.X)-1])
		}
	}
	if low > high || len(curves) == 0 {
		return Summarise(curves, band)
	}
	slices.Sort(grid)
	s := Summary{Seeds: len(curves)}
	values := make([]float64, len(curves))
	for _, x := range slices.Compact(grid) {
		if x < low || x > high {
			continue
		}
		for _, after := range []bool{false, true} {
			for i, c := range curves {
				values[i] = c.held(x, after)
			}
			if after || x > low {
				s.add(x, values, band)
			}
		}
	}
	return s
}

// held returns the value that a clean curve, which has begun before x, holds at x: that of its last point up to x, or,
// before the jump at x, that of its last point below x.
func (c Curve) held(x float64, after bool) float64 {
	i, found := slices.BinarySearch(c.X, x)
	if found && (after || i == 0) {
		return c.Y[i]
	}
	return c.Y[i-1]
}

// clean returns the curve without pairs that are not finite, ordered by x; of equal x the last stays.
func (c Curve) clean() Curve {
	type pair struct{ x, y float64 }
	var pairs []pair
	for i := range min(len(c.X), len(c.Y)) {
		if finite(c.X[i]) && finite(c.Y[i]) {
			pairs = append(pairs, pair{c.X[i], c.Y[i]})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.x, b.x) })
	var out Curve
	for i, p := range pairs {
		if i+1 < len(pairs) && pairs[i+1].x == p.x {
			continue
		}
		out.X, out.Y = append(out.X, p.x), append(out.Y, p.y)
	}
	return out
}

// finite reports whether v is a number that one can square; larger ones, of runs that diverged, count as infinite.
func finite(v float64) bool { return math.Abs(v) < 1e150 }

// commonGrid returns the x at which clean curves are compared; nil if they have none in common.
func commonGrid(curves []Curve) []float64 {
	longest, low, high := curves[0], math.Inf(-1), math.Inf(1)
	for _, c := range curves {
		if len(c.X) > len(longest.X) {
			longest = c
		}
		low, high = max(low, c.X[0]), min(high, c.X[len(c.X)-1])
	}
	if low > high {
		return nil
	}
	grid := []float64{low}
	for _, x := range longest.X {
		if x > low && x < high {
			grid = append(grid, x)
		}
	}
	if high > low {
		grid = append(grid, high)
	}
	return grid
}

// at returns the value at x, which lies within the range of a clean curve.
func (c Curve) at(x float64) float64 {
	i := sort.SearchFloat64s(c.X, x)
	if i == len(c.X) {
		return c.Y[i-1]
	}
	if i == 0 || c.X[i] == x {
		return c.Y[i]
	}
	t := (x - c.X[i-1]) / (c.X[i] - c.X[i-1])
	return c.Y[i-1]*(1-t) + c.Y[i]*t
}

func summariseByIndex(curves []Curve, band Band) Summary {
	n := len(curves[0].X)
	for _, c := range curves {
		n = min(n, len(c.X))
	}
	s := Summary{Seeds: len(curves)}
	xs, ys := make([]float64, len(curves)), make([]float64, len(curves))
	for i := range n {
		for j, c := range curves {
			xs[j], ys[j] = c.X[i], c.Y[i]
		}
		x, _ := meanStd(xs)
		s.add(x, ys, band)
	}
	return s
}

func (s *Summary) add(x float64, values []float64, band Band) {
	mean, low, high := band.Around(values)
	s.X, s.Mean = append(s.X, x), append(s.Mean, mean)
	s.Low, s.High = append(s.Low, low), append(s.High, high)
}

// meanStd returns the mean and the sample's standard deviation, 0 for a single value.
func meanStd(v []float64) (mean, std float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	if len(v) < 2 {
		return mean, 0
	}
	sum := 0.0
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(sum / float64(len(v)-1))
}

// log10 returns the curve on logarithmic axes. What has no logarithm, such as the 0 bits of round 0, is left out.
func (c Curve) log10(x, y bool) Curve {
	var out Curve
	for i := range min(len(c.X), len(c.Y)) {
		a, b := c.X[i], c.Y[i]
		if x {
			a = math.Log10(a)
		}
		if y {
			b = math.Log10(b)
		}
		if finite(a) && finite(b) {
			out.X, out.Y = append(out.X, a), append(out.Y, b)
		}
	}
	return out
}

// Best returns the running maximum of y, or the running minimum where low is better.
func (c Curve) Best(low bool) Curve {
	better := math.Max
	if low {
		better = math.Min
	}
	out := Curve{X: c.X, Y: slices.Clone(c.Y)}
	for i := 1; i < len(out.Y); i++ {
		out.Y[i] = better(out.Y[i], out.Y[i-1])
	}
	return out
}

// thinned returns at most n points, first and last among them: long noisy lines have spikes at their joints in
// vector formats, and more points than a figure has pixels tell nothing.
func (s Summary) thinned(n int) Summary {
	if len(s.X) <= n {
		return s
	}
	out := Summary{Seeds: s.Seeds}
	for i := range n {
		j := i * (len(s.X) - 1) / (n - 1)
		out.X, out.Mean = append(out.X, s.X[j]), append(out.Mean, s.Mean[j])
		out.Low, out.High = append(out.Low, s.Low[j]), append(out.High, s.High[j])
	}
	return out
}
