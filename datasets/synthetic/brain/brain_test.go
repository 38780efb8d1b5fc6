package brain

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"flsim/datasets/volumes"
)

var small = [3]int{64, 64, 40}

func mustNew(t testing.TB, opt Options) *Set {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// voxel is what a linear classifier sees: modalities that are z-scored within the brain.
type voxel struct {
	x   [modalities]float64
	hit bool
}

// voxels returns the brain's voxels with whether they lie in a region.
func voxels(s *volumes.Scan, region uint8) []voxel {
	var all []voxel
	for i, in := range s.Brain {
		if !in {
			continue
		}
		v := voxel{hit: s.Regions[i]&region != 0}
		for m := range v.x {
			v.x[m] = float64(s.Channels[m][i])
		}
		all = append(all, v)
	}
	for m := range modalities {
		var sum, square float64
		for _, v := range all {
			sum += v.x[m]
			square += v.x[m] * v.x[m]
		}
		mean := sum / float64(len(all))
		deviation := math.Sqrt(square/float64(len(all)) - mean*mean)
		for i := range all {
			all[i].x[m] = (all[i].x[m] - mean) / deviation
		}
	}
	return all
}

// linear is logistic regression on single voxels; the threshold is a part of w[modalities].
type linear struct{ w [modalities + 1]float64 }

func (l *linear) score(v *voxel) float64 {
	s := l.w[modalities]
	for m, x := range v.x {
		s += l.w[m] * x
	}
	return s
}

// fit minimises the cross-entropy, in which both classes count the same, by Newton's method.
func (l *linear) fit(all []voxel) {
	const n = modalities + 1
	hits := 0.0
	for i := range all {
		if all[i].hit {
			hits++
		}
	}
	for range 12 {
		var g [n]float64
		var h [n][n]float64
		for i := range all {
			v := &all[i]
			p := 1 / (1 + math.Exp(-l.score(v)))
			y, weight := 0.0, 1/(float64(len(all))-hits)
			if v.hit {
				y, weight = 1, 1/hits
			}
			x := [n]float64{v.x[0], v.x[1], v.x[2], v.x[3], 1}
			for a := range n {
				g[a] += weight * (p - y) * x[a]
				for b := range n {
					h[a][b] += weight * p * (1 - p) * x[a] * x[b]
				}
			}
		}
		for a := range n {
			h[a][a] += 1e-6
		}
		for a, d := range solve(h, g) {
			l.w[a] -= d
		}
	}
}

// solve solves h x = g for a positive definite h, by elimination.
func solve(h [modalities + 1][modalities + 1]float64, g [modalities + 1]float64) (x [modalities + 1]float64) {
	n := len(g)
	for a := range n {
		for b := a + 1; b < n; b++ {
			f := h[b][a] / h[a][a]
			for c := a; c < n; c++ {
				h[b][c] -= f * h[a][c]
			}
			g[b] -= f * g[a]
		}
	}
	for a := n - 1; a >= 0; a-- {
		x[a] = g[a]
		for b := a + 1; b < n; b++ {
			x[a] -= h[a][b] * x[b]
		}
		x[a] /= h[a][a]
	}
	return x
}

// dice returns the overlap of what scores above a threshold with the truth.
func (l *linear) dice(all []voxel, threshold float64) float64 {
	var both, either float64
	for i := range all {
		predicted := l.score(&all[i]) > threshold
		if predicted {
			either++
		}
		if all[i].hit {
			either++
		}
		if predicted && all[i].hit {
			both++
		}
	}
	if either == 0 {
		return 1
	}
	return 2 * both / either
}

func (l *linear) meanDice(cases [][]voxel, threshold float64) float64 {
	sum := 0.0
	for _, c := range cases {
		sum += l.dice(c, threshold)
	}
	return sum / float64(len(cases))
}

// threshold returns what gives the best mean Dice.
func (l *linear) threshold(cases [][]voxel) float64 {
	best, at := -1.0, 0.0
	for t := -2.0; t < 8; t += 0.25 {
		if d := l.meanDice(cases, t); d > best {
			best, at = d, t
		}
	}
	return at
}

// A linear classifier of single voxels must not find the tumours: what is bright on FLAIR may be a lesion or the coil.
func TestALinearClassifierOfVoxelsFails(t *testing.T) {
	s := mustNew(t, Options{Seed: 1, Cases: 36, Sites: 8, Size: small})
	for bit, name := range volumes.TumourRegions() {
		var train, test [][]voxel
		for i := range s.Len() {
			v := voxels(s.Scan(i), 1<<bit)
			if i < 24 {
				train = append(train, v)
			} else {
				test = append(test, v)
			}
		}
		var l linear
		l.fit(slices.Concat(train...))
		at := l.threshold(train)
		fmt.Printf("%s: weights %.2f, threshold %.2f, Dice %.3f train, %.3f test\n", name, l.w, at, l.meanDice(train, at), l.meanDice(test, at))
		for _, c := range test {
			fmt.Printf("%.2f ", l.dice(c, at))
		}
		fmt.Println()
	}
}

func BenchmarkScan(b *testing.B) {
	for _, size := range [][3]int{{64, 64, 40}, {96, 96, 64}, FullSize} {
		b.Run(fmt.Sprintf("%dx%dx%d", size[0], size[1], size[2]), func(b *testing.B) {
			s, i := mustNew(b, Options{Seed: 1, Cases: MaxCases, Sites: 8, Size: size}), 0
			for b.Loop() {
				s.Scan(i)
				i++
			}
			b.ReportMetric(float64(b.N*size[0]*size[1]*size[2])/b.Elapsed().Seconds(), "voxels/s")
		})
	}
}
