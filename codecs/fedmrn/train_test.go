package fedmrn

import (
	"math"
	"slices"
	"testing"

	"flsim/codecs"
	"flsim/internal/rng"
)

// layout has masked tensors, one that is skipped, and a buffer, which always is.
func layout() codecs.Layout {
	var l codecs.Layout
	return l.Add("conv", codecs.Weight, 3, 3, 4, 20).Add("scale", codecs.Norm, 20).Add("mean", codecs.Buffer, 20).
		Add("fc", codecs.Weight, 20, 10).Add("bias", codecs.Bias, 10)
}

// task starts a task whose message has the given seed.
func task(t testing.TB, m Masked, seed uint64) (*reparam, codecs.Codec, []float32) {
	t.Helper()
	codec := build(t, []codecs.Kind{codecs.Norm}, m)
	reshaper, ok := codecs.Find[codecs.Reshaper](codec)
	if !ok {
		t.Fatal("the chain has no say in training")
	}
	received := make([]float32, layout().Len())
	r := rng.New(1, "received")
	for i := range received {
		received[i] = float32(r.NormFloat64())
	}
	s := &codecs.Shared{Layout: layout(), Reference: received}
	return reshaper.Reparam(s, seed).(*reparam), codec, received
}

// grown is a trained theta, as if half of the updates had left the range of the masks.
func grown(r *reparam, received []float32) []float32 {
	theta := make([]float32, len(received))
	r.Start(theta, received)
	random := rng.New(2, "theta")
	for i := range theta {
		theta[i] += 0.01 * float32(random.NormFloat64())
	}
	return theta
}

func masks(signed, deterministic, progressive bool) Masked {
	return Masked{Quantizer: Quantizer{Signed: signed, Alpha: 0.01, Deterministic: deterministic}, Progressive: progressive}
}

func TestStart(t *testing.T) {
	r, _, received := task(t, masks(false, false, true), 1)
	theta := make([]float32, len(received))
	for i := range theta {
		theta[i] = 7 // of another task
	}
	r.Start(theta, received)
	for _, seg := range layout() {
		masked := seg.Kind == codecs.Weight || seg.Kind == codecs.Bias
		for i, x := range seg.Of(theta) {
			if want := seg.Of(received)[i]; masked && x != 0 || !masked && x != want {
				t.Fatalf("tensor %q starts with %v at %d, received was %v", seg.Name, x, i, want)
			}
		}
	}
}

// TestBothEnds: after the last step the weights are, bit by bit, the received ones plus what a decoder makes of the
// message, which has nothing but its seed and bits.
func TestBothEnds(t *testing.T) {
	for _, noise := range []Noise{Uniform, Gauss, Bernoulli} {
		for _, signed := range []bool{false, true} {
			m := masks(signed, false, true)
			m.Noise = noise
			r, codec, received := task(t, m, 77)
			theta := grown(r, received)
			w, update, decoded := make([]float32, len(theta)), make([]float32, len(theta)), make([]float32, len(theta))
			r.Weights(w, theta, 20, 20)
			r.Update(update, theta)
			msg := pass(t, codec, layout(), update, make([]float32, len(theta)), 77)
			decoder := build(t, []codecs.Kind{codecs.Norm}, m.Quantizer)
			done := make(chan error)
			go func() { done <- decoder.Decode(decoded, msg, &codecs.Shared{Layout: layout()}) }()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			for _, seg := range r.coded {
				for i, u := range seg.Of(decoded) {
					if got, want := seg.Of(w)[i], seg.Of(received)[i]+u; math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("noise %d, signed %v, tensor %q, element %d: trained with %v, decoded to %v", noise, signed, seg.Name, i, got, want)
					}
					if n := seg.Of(r.noise)[i]; u != n && (u != 0 || signed) && (u != -n || !signed) {
						t.Fatalf("tensor %q, element %d decodes to %v, its noise is %v", seg.Name, i, u, n)
					}
				}
			}
		}
	}
}

// TestSteps counts masked elements by step and compares steps.
func TestSteps(t *testing.T) {
	const steps = 10
	r, _, received := task(t, masks(false, false, true), 5)
	theta := grown(r, received)
	w, last := make([]float32, len(theta)), make([]float32, len(theta))
	for step := range steps {
		r.Weights(w, theta, step, steps)
		masked, inside := 0, 0
		for _, seg := range r.coded {
			for i, n := range seg.Of(r.noise) {
				u, base, got := seg.Of(theta)[i], seg.Of(received)[i], seg.Of(w)[i]
				if ratio := u / n; ratio < 0.2 || ratio > 0.8 || math.Abs(float64(n)) < 1e-4 {
					continue // where a mask may look like the clipped update
				}
				inside++
				switch got {
				case base, base + n:
					masked++
				case base + r.clipped(u/n, n):
				default:
					t.Fatalf("step %d: element %d is %v", step, i, got)
				}
			}
		}
		share := float64(step+1) / steps
		if got := float64(masked) / float64(inside); math.Abs(got-share) > 5*math.Sqrt(share*(1-share)/float64(inside)) {
			t.Errorf("step %d masks %v of %d elements, want %v", step, got, inside, share)
		}
		if slices.Equal(w, last) {
			t.Errorf("step %d draws the masks of the step before", step)
		}
		copy(last, w)
		r.Weights(w, theta, step, steps)
		if !slices.Equal(w, last) {
			t.Error("a step is not the same when it is repeated")
		}
	}
}

// TestAblations: without the progressive part all elements are masked from the first step on; without the stochastic
// part the mask is the nearest and the same in every step.
func TestAblations(t *testing.T) {
	for _, signed := range []bool{false, true} {
		r, _, received := task(t, masks(signed, false, false), 5)
		theta := grown(r, received)
		w := make([]float32, len(theta))
		r.Weights(w, theta, 0, 100)
		for _, seg := range r.coded {
			for i, n := range seg.Of(r.noise) {
				base, got := seg.Of(received)[i], seg.Of(w)[i]
				if got != base+n && (signed || got != base) && (!signed || got != base-n) {
					t.Fatalf("signed %v: element %d has the update %v and not masked noise %v", signed, i, got-base, n)
				}
			}
		}
		next := make([]float32, len(theta))
		if r.Weights(next, theta, 1, 100); slices.Equal(w, next) {
			t.Errorf("signed %v: two steps have the same masks", signed)
		}
		r, _, _ = task(t, masks(signed, true, false), 5)
		r.Start(make([]float32, len(theta)), received)
		again := make([]float32, len(theta))
		r.Weights(w, theta, 0, 100)
		r.Weights(again, theta, 57, 100)
		if !slices.Equal(w, again) {
			t.Errorf("signed %v: nearest masks change from step to step", signed)
		}
		for _, seg := range r.coded {
			for i, n := range seg.Of(r.noise) {
				other := float32(0)
				if signed {
					other = -n
				}
				u, got := seg.Of(theta)[i], seg.Of(w)[i]
				near := math.Abs(float64(u-n)) - math.Abs(float64(u-other))
				if want := seg.Of(received)[i] + n; near < -1e-8 && got != want || near > 1e-8 && got == want && n != other && want != seg.Of(received)[i]+other {
					t.Fatalf("signed %v: element %d takes %v for %v with noise %v", signed, i, got-seg.Of(received)[i], u, n)
				}
			}
		}
	}
}

// TestGradient: straight through, also where the update has left the range of the masks; and the vector of a step.
func TestGradient(t *testing.T) {
	r, _, received := task(t, masks(false, false, true), 5)
	theta := grown(r, received)
	g := make([]float32, len(theta))
	for i := range g {
		g[i] = float32(i)
	}
	before, kept := slices.Clone(g), slices.Clone(theta)
	r.Gradient(g, theta, 3, 10)
	if !slices.Equal(g, before) || !slices.Equal(theta, kept) {
		t.Error("the gradient does not pass straight through")
	}
	gradient := []float32{0.01, -0.02, 0.005, 0, 0.03, -0.01, 0.02, -0.004}
	want := []float64{0.001, -0.001, -0.0015, -0.012, 0.0006, 0.0015, -0.002, -0.0008}
	r.Gradient(gradient, vectorU, 0, 1)
	for i, u := range vectorU {
		if got := u - 0.1*gradient[i]; !close(got, want[i]) {
			t.Errorf("element %d is %v after a step, want %v", i, got, want[i])
		}
	}
}

func TestUpdate(t *testing.T) {
	r, _, received := task(t, masks(true, false, true), 5)
	theta := grown(r, received)
	u := make([]float32, len(theta))
	r.Update(u, theta)
	for _, seg := range layout() {
		for i, got := range seg.Of(u) {
			want := seg.Of(theta)[i]
			if seg.Kind == codecs.Norm || seg.Kind == codecs.Buffer {
				want -= seg.Of(received)[i]
			}
			if got != want {
				t.Fatalf("tensor %q, element %d: an update of %v, want %v", seg.Name, i, got, want)
			}
		}
	}
}

// TestStreams: every message, and every tensor of one, has noise of its own.
func TestStreams(t *testing.T) {
	seen := map[float32]bool{}
	total := 0
	for seed := range uint64(50) {
		r, _, _ := task(t, masks(false, false, true), seed)
		for _, seg := range r.coded {
			seen[seg.Of(r.noise)[0]] = true
			total++
		}
	}
	if total != 150 || len(seen) < 149 {
		t.Errorf("%d tensors begin with %d different numbers", total, len(seen))
	}
}

func BenchmarkWeights(b *testing.B) {
	const n = 398_176
	l := codecs.Layout{}.Add("w", codecs.Weight, n)
	r := masks(false, false, true).Reparam(&codecs.Shared{Layout: l}, 1)
	w, theta, received := make([]float32, n), make([]float32, n), make([]float32, n)
	r.Start(theta, received)
	random := rng.New(2, "theta")
	for i := range theta {
		theta[i] = 0.005 * float32(random.NormFloat64())
	}
	b.SetBytes(4 * n)
	for b.Loop() {
		r.Weights(w, theta, 7, 20)
	}
}
