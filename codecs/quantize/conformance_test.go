package quantize

import (
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
)

// chain returns a constructor of the chain of the stage that s describes.
func chain(t testing.TB, s func() codecs.Settings) func() codecs.Codec {
	return func() codecs.Codec {
		stage, err := s().Stage()
		if err != nil {
			t.Fatal(err)
		}
		c, err := codecs.New(nil, stage)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

var variants = []struct {
	name     string
	settings func() codecs.Settings
	codectest.Options
}{
	{"float16", func() codecs.Settings { return &Float16Settings{} }, codectest.Options{Gaussian: 4.7e-08, Laplace: 4.7e-08}},
	{"qsgd 4 bits", func() codecs.Settings {
		return &QSGDSettings{Bits: 4, NormSettings: NormSettings{Norm: "l2", Scope: "tensor"}}
	}, codectest.Options{Gaussian: 10.5, Laplace: 9.1, Unbiased: true}},
	{"qsgd 8 bits max", func() codecs.Settings {
		return &QSGDSettings{Bits: 8, NormSettings: NormSettings{Norm: "max", Scope: "tensor"}}
	}, codectest.Options{Gaussian: 0.000175, Laplace: 0.00051, Unbiased: true}},
	{"qsgd model", func() codecs.Settings {
		return &QSGDSettings{Levels: 15, NormSettings: NormSettings{Norm: "l2", Scope: "model"}}
	}, codectest.Options{Gaussian: 8.4, Laplace: 7.3, Unbiased: true}},
	{"qsgd bucket", func() codecs.Settings {
		return &QSGDSettings{Levels: 4, NormSettings: NormSettings{Norm: "max", Scope: "bucket", Bucket: 100}}
	}, codectest.Options{Gaussian: 0.088, Laplace: 0.155, Unbiased: true}},
	{"sign", func() codecs.Settings { return &SignSettings{} }, codectest.Options{Gaussian: 0.37, Laplace: 0.51}},
	{"uniform", func() codecs.Settings { return &UniformSettings{Bits: 4, Range: "minmax", Rounding: "stochastic"} }, codectest.Options{Gaussian: 0.047, Laplace: 0.123, Unbiased: true}},
	{"uniform symmetric", func() codecs.Settings {
		return &UniformSettings{Bits: 2, Range: "symmetric", Clip: 0.01, Rounding: "nearest"}
	}, codectest.Options{Gaussian: 0.27, Laplace: 0.55}},
}

func TestConformance(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) { codectest.Run(t, chain(t, v.settings), v.Options) })
	}
}

func FuzzDecode(f *testing.F) {
	codectest.Fuzz(f, chain(f, variants[4].settings))
}

func BenchmarkQuantizers(b *testing.B) {
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) { codectest.Bench(b, chain(b, v.settings)) })
	}
}
