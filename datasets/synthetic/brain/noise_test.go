package brain

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/rng"
)

func TestNoiseIsAsItSays(t *testing.T) {
	n, r := newNoise(1, "test", 10), rng.New(1, "places")
	var sum, square float64
	const draws = 40000
	for range draws {
		v := float64(n.at(point{between(r, -300, 300), between(r, -300, 300), between(r, -300, 300)}))
		if math.Abs(v) > 1 {
			t.Fatalf("a value of %v", v)
		}
		sum += v
		square += v * v
	}
	if mean, deviation := sum/draws, math.Sqrt(square/draws); math.Abs(mean) > 0.01 || math.Abs(deviation-0.26) > 0.01 {
		t.Errorf("mean %.3f, standard deviation %.3f", mean, deviation)
	}
}

// What noise remembers does not change what it returns, and it has no jumps, across cells neither.
func TestNoiseIsAFunctionWithoutJumps(t *testing.T) {
	walked := newNoise(2, "test", 7)
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.Float32Range(-200, 200)
		p := point{side.Draw(t, "x"), side.Draw(t, "y"), side.Draw(t, "z")}
		got := walked.at(p)
		if fresh := newNoise(2, "test", 7).at(p); got != fresh {
			t.Fatalf("%v at first sight, %v later", fresh, got)
		}
		for axis := range p {
			q := p
			q[axis] += 0.07
			if step := abs(walked.at(q) - got); step > 0.05 {
				t.Fatalf("from %v to %v it changes by %v", p, q, step)
			}
		}
	})
}

func TestRoundNeverLeavesBackgroundInTheBrain(t *testing.T) {
	v := []float32{0.4, -0.4, 0.6, 1e9, -1e9, 7}
	round(v, []bool{true, true, true, true, true, false})
	for i, want := range []float32{1, 1, 1, math.MaxInt16, math.MinInt16, 7} {
		if v[i] != want {
			t.Errorf("value %d is %v, want %v", i, v[i], want)
		}
	}
}

// A blur keeps what is even, takes nothing from outside of the brain, and spreads a point by its weights.
func TestBlur(t *testing.T) {
	size, strides := [3]int{6, 1, 1}, [3]int{1, 6, 6}
	brain := []bool{false, true, true, true, true, false}
	for _, c := range []struct{ in, want []float32 }{
		{[]float32{0, 3, 3, 3, 3, 0}, []float32{0, 3, 3, 3, 3, 0}},
		{[]float32{7, 0, 4, 0, 0, 9}, []float32{7, 1, 2, 1, 0, 9}},
	} {
		v := append([]float32(nil), c.in...)
		blur(v, brain, size, strides, 0, 0.25, make([]float32, 6))
		for i := range v {
			if v[i] != c.want[i] {
				t.Errorf("%v becomes %v, want %v", c.in, v, c.want)
				break
			}
		}
	}
}

// A turned coordinate system is one: its axes have length 1 and are at right angles.
func TestTurned(t *testing.T) {
	r := rng.New(1, "turned")
	for range 50 {
		axes := turned(r)
		for a := range axes {
			for b := range axes {
				want := float32(0)
				if a == b {
					want = 1
				}
				if got := axes[a].dot(axes[b]); abs(got-want) > 1e-5 {
					t.Fatalf("axes %d and %d of %v have the product %v", a, b, axes, got)
				}
			}
		}
	}
}
