package dist

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"flsim/internal/rng"

	"github.com/BurntSushi/toml"
	"pgregory.net/rapid"
)

func draws(d Dist, n int) []float64 {
	r := rng.New(1, "dist test")
	x := make([]float64, n)
	for i := range x {
		x[i] = d.Draw(r)
	}
	slices.Sort(x)
	return x
}

func TestConstantDrawsNothing(t *testing.T) {
	if got := Constant(3).Draw(nil); got != 3 {
		t.Errorf("got %v", got)
	}
	if got := (Dist{}).Draw(nil); got != 0 || !(Dist{}).IsConstant() {
		t.Errorf("the zero value gives %v", got)
	}
}

// The quantiles of 20,001 draws lie within 4 standard errors of the distribution's.
func TestQuantiles(t *testing.T) {
	const n = 20001
	const z = 0.6744897501960817 // of the upper quartile of the standard normal distribution
	for _, test := range []struct {
		d        Dist
		quantile float64
		want     float64
		density  float64 // at want
	}{
		{Lognormal(20, 0.5), 0.5, 20, 1 / (20 * 0.5 * math.Sqrt(2*math.Pi))},
		{Lognormal(20, 0.5), 0.75, 20 * math.Exp(0.5*z), math.Exp(-z*z/2) / (20 * math.Exp(0.5*z) * 0.5 * math.Sqrt(2*math.Pi))},
		{Lognormal(1, 2), 0.5, 1, 1 / (2 * math.Sqrt(2*math.Pi))},
		{Uniform(-1, 3), 0.5, 1, 0.25},
		{Uniform(-1, 3), 0.25, 0, 0.25},
		{Halves(13, 99, 217), 0.25, 56, 0.5 / (99 - 13)},
		{Halves(13, 99, 217), 0.49, 13 + 0.98*(99-13), 0.5 / (99 - 13)},
		{Halves(13, 99, 217), 0.75, 158, 0.5 / (217 - 99)},
	} {
		got := draws(test.d, n)[int(test.quantile*(n-1))]
		tolerance := 4 * math.Sqrt(test.quantile*(1-test.quantile)/n) / test.density
		if math.Abs(got-test.want) > tolerance {
			t.Errorf("%v: quantile %v is %v, want %v +- %v", test.d, test.quantile, got, test.want, tolerance)
		}
	}
}

func TestDrawsKeepTheBounds(t *testing.T) {
	for _, d := range []Dist{Constant(-2), Lognormal(1e-3, 3), Lognormal(5, 0), Uniform(2, 2.5), Halves(2, 2.5, 9)} {
		low, high := d.Bounds()
		if x := draws(d, 1000); x[0] < low || x[999] > high {
			t.Errorf("%v draws %v to %v, outside %v to %v", d, x[0], x[999], low, high)
		}
	}
}

func read(text string) (Dist, error) {
	var v struct{ X Dist }
	_, err := toml.Decode("X = "+text, &v)
	return v.X, err
}

// A processor that can fuse products with sums, as arm64 and GOAMD64=v3 do, draws the same.
func TestUniformIsNotFused(t *testing.T) {
	d := Uniform(0.1, 7.3)
	r, twin := rng.New(1, "dist test"), rng.New(1, "dist test")
	for range 1000 {
		if got, want := d.Draw(r), d.a+float64((d.b-d.a)*twin.Float64()); got != want {
			t.Fatalf("drew %v, want %v", got, want)
		}
	}
}

func TestStringIsReadBack(t *testing.T) {
	number := rapid.Float64Range(-1e300, 1e300)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		ds := []Dist{Constant(a), Constant(math.Inf(1))}
		if a != 0 {
			ds = append(ds, Lognormal(math.Abs(a), rapid.Float64Range(0, 10).Draw(t, "sigma")))
		}
		if a < b {
			ds = append(ds, Uniform(a, b))
		}
		if m := a/2 + b/2; a < m && m < b {
			ds = append(ds, Halves(a, m, b))
		}
		for _, d := range ds {
			if got, err := read(d.String()); err != nil || got != d {
				t.Errorf("%v is read back as %v, %v", d, got, err)
			}
		}
	})
}

func TestUnmarshalIsStrict(t *testing.T) {
	for text, key := range map[string]string{
		`"20"`: "", `[1]`: "", `true`: "",
		`{}`: "dist", `{ median = 1 }`: "dist", `{ dist = "normal" }`: "dist", `{ dist = 3 }`: "dist",
		`{ dist = "lognormal", median = 1 }`:                      "sigma",
		`{ dist = "lognormal", medain = 1, sigma = 1 }`:           "medain",
		`{ dist = "lognormal", median = 1, sigma = 1, from = 2 }`: "from",
		`{ dist = "lognormal", median = 0, sigma = 1 }`:           "median",
		`{ dist = "lognormal", median = inf, sigma = 1 }`:         "median",
		`{ dist = "lognormal", median = 1, sigma = -1 }`:          "sigma",
		`{ dist = "lognormal", median = 1, sigma = nan }`:         "sigma",
		`{ dist = "lognormal", median = "1", sigma = 1 }`:         "median",
		`{ dist = "uniform", from = 2, to = 2 }`:                  "from",
		`{ dist = "uniform", from = -1.5e308, to = 1.5e308 }`:     "from",
		`{ dist = "halves", from = 1, median = 1, to = 2 }`:       "median",
		`{ dist = "halves", from = 1, median = 3, to = 2 }`:       "median",
		`{ dist = "halves", from = 1, to = 2 }`:                   "median",
		`{ dist = "constant" }`:                                   "value",
		`{ dist = "constant", value = 1, Value = 2 }`:             "Value",
	} {
		d, err := read(text)
		if err == nil {
			t.Errorf("%s is read as %v", text, d)
			continue
		}
		var value struct{ X any }
		if _, err := toml.Decode("X = "+text, &value); err != nil {
			t.Fatal(err)
		}
		var ke *KeyError
		errors.As(new(Dist).UnmarshalTOML(value.X), &ke)
		if got := fmt.Sprint(ke != nil && ke.Key() == key); got != fmt.Sprint(key != "") {
			t.Errorf("%s: the error is %v, want one about key %q", text, err, key)
		}
	}
}

func TestConstructorsPanic(t *testing.T) {
	for _, make := range []func(){
		func() { Lognormal(0, 1) }, func() { Lognormal(1, -1) }, func() { Lognormal(math.NaN(), 1) },
		func() { Uniform(1, 1) }, func() { Uniform(math.NaN(), 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			make()
		}()
	}
}
