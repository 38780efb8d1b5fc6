package params

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

type span float64

func (s span) Bounds() (low, high float64) { return -float64(s), float64(s) }
func (span) TypeInWords() string           { return "span" }

type inner struct {
	Every int `toml:"every" in:"[1,]" doc:"Rounds between drops."`
}

type embedded struct {
	Kind string `toml:"kind" one:"sgd|adam"`
}

type settings struct {
	Bits int `toml:"bits" in:"[1,16]" unit:"bit" doc:"Width."`
	embedded
	Keep    float64  `toml:"keep" in:"(0,1]" required:"true"`
	Skip    []string `toml:"skip" one:"bias|norm"`
	Target  []float64
	Levels  uint16    `toml:"levels" in:"[1,100]"`
	Rate    float64   `toml:"rate" in:"(0,inf]"`
	Shares  []float64 `toml:"shares" in:"(0,1)"`
	Drop    inner     `toml:"drop"`
	On      bool      `toml:"on"`
	Reach   span      `toml:"reach" in:"[-2,2]"`
	Version int       `toml:"version" one:"1|2"`
}

func defaults() *settings {
	return &settings{Bits: 4, embedded: embedded{"sgd"}, Rate: math.Inf(1), Drop: inner{3}, Version: 1}
}

func TestList(t *testing.T) {
	want := []Param{
		{Name: "bits", Type: "integer", Default: "4", Allowed: "1 to 16", Unit: "bit", Doc: "Width."},
		{Name: "kind", Type: "string", Default: `"sgd"`, Allowed: `"sgd" or "adam"`},
		{Name: "keep", Type: "number", Allowed: "above 0, at most 1", Required: true},
		{Name: "skip", Type: "list of strings", Allowed: `"bias" or "norm"`},
		{Name: "levels", Type: "integer", Allowed: "1 to 100"},
		{Name: "rate", Type: "number", Default: "inf", Allowed: "above 0, or inf"},
		{Name: "shares", Type: "list of numbers", Allowed: "above 0 and below 1"},
		{Name: "drop.every", Type: "integer", Default: "3", Allowed: "at least 1", Doc: "Rounds between drops."},
		{Name: "on", Type: "true or false", Default: "false"},
		{Name: "reach", Type: "span", Default: "0.0", Allowed: "-2 to 2"},
		{Name: "version", Type: "integer", Default: "1", Allowed: "1 or 2"},
	}
	got := List(defaults())
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("parameter %d differs: got\n%+v\nwant\n%+v", i, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	if bad := Check(defaults()); len(bad) > 0 {
		t.Errorf("the defaults are found wrong: %v", bad)
	}
	for _, test := range []struct {
		edit func(*settings)
		want string
	}{
		{func(s *settings) { s.Bits = 17 }, "bits must be 1 to 16, not 17"},
		{func(s *settings) { s.Bits = 0 }, ""}, // stands for "not given"
		{func(s *settings) { s.Kind = "sdg" }, `kind must be "sgd" or "adam", not "sdg"`},
		{func(s *settings) { s.Keep = 1.5 }, "keep must be above 0, at most 1, not 1.5"},
		{func(s *settings) { s.Keep = math.NaN() }, "keep must be above 0, at most 1, not nan"},
		{func(s *settings) { s.Rate = math.Inf(-1) }, "rate must be above 0, or inf, not -inf"},
		{func(s *settings) { s.Skip = []string{"bias", "x"} }, `skip must be "bias" or "norm", not ["bias", "x"]`},
		{func(s *settings) { s.Shares = []float64{0.5, 1} }, "shares must be above 0 and below 1, not [0.5, 1.0]"},
		{func(s *settings) { s.Drop.Every = -1 }, "drop.every must be at least 1, not -1"},
		{func(s *settings) { s.Reach = 3 }, "reach must be -2 to 2, not 3.0"},
		{func(s *settings) { s.Version = 3 }, "version must be 1 or 2, not 3"},
	} {
		s := defaults()
		test.edit(s)
		got := ""
		for _, p := range Check(s) {
			got += p.String()
		}
		if got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestFieldsCanBeSet(t *testing.T) {
	s := defaults()
	for _, f := range Fields(s) {
		if f.Name == "kind" {
			f.Value.SetString("adam")
		}
	}
	if s.Kind != "adam" {
		t.Error("setting the field of an embedded struct has no effect")
	}
}

func TestRangesInWords(t *testing.T) {
	for in, want := range map[string]string{
		"[1,16]": "1 to 16", "(0,1]": "above 0, at most 1", "[0,1)": "at least 0, below 1", "(0,1)": "above 0 and below 1",
		"[0,]": "at least 0", "(0,inf)": "above 0", "[0,inf]": "at least 0, or inf", "[,5]": "at most 5", "(,5)": "below 5",
		"[1e-6,1e6]": "0.000001 to 1000000",
	} {
		l := parseLimit(reflect.StructField{Tag: reflect.StructTag(`in:` + strconv.Quote(in))})
		if got := l.words(false); got != want {
			t.Errorf("%s reads %q, want %q", in, got, want)
		}
	}
}

func TestLimitsAgreeWithTheirComparison(t *testing.T) {
	values := rapid.SampledFrom([]float64{-1, 0, 0.5, 1, 1.5, 2, 3})
	rapid.Check(t, func(t *rapid.T) {
		low, high, x := values.Draw(t, "low"), values.Draw(t, "high"), values.Draw(t, "x")
		openLow, openHigh := rapid.Bool().Draw(t, "openLow"), rapid.Bool().Draw(t, "openHigh")
		left, right := "[", "]"
		inside := x >= low && x <= high
		if openLow {
			left, inside = "(", inside && x != low
		}
		if openHigh {
			right, inside = ")", inside && x != high
		}
		in := fmt.Sprintf("%s%v,%v%s", left, low, high, right)
		l := parseLimit(reflect.StructField{Tag: reflect.StructTag(`in:` + strconv.Quote(in))})
		if l.allowsNumber(x) != inside {
			t.Errorf("%v in %s: got %v", x, in, !inside)
		}
	})
}

func TestBadTagsPanic(t *testing.T) {
	for _, ptr := range []any{
		settings{},
		&struct {
			A int `toml:"a" in:"1,2"`
		}{},
		&struct {
			A int `toml:"a" in:"[1;2]"`
		}{},
		&struct {
			A int `toml:"a" in:"[x,2]"`
		}{},
		&struct {
			A map[string]int `toml:"a"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T is accepted", ptr)
				}
			}()
			Fields(ptr)
		}()
	}
}
