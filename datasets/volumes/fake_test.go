package volumes

import (
	"fmt"
	"sync/atomic"
	"testing"

	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// fakeScan draws an ellipsoid brain off the middle, in it a ball of tumour with a core, before a background that is not
// zero. About every radius of the tumour occurs.
func fakeScan(nx, ny, nz, channels int, r *rng.Rand) *Scan {
	s := &Scan{NX: nx, NY: ny, NZ: nz, Brain: make([]bool, nx*ny*nz), Regions: make([]uint8, nx*ny*nz)}
	for range channels {
		s.Channels = append(s.Channels, make([]float32, nx*ny*nz))
	}
	mx, my, mz := float64(nx)*0.45, float64(ny)*0.55, float64(nz)*0.5
	square := func(d float64) float64 { return float64(d * d) }
	radius := float64(min(nx, ny, nz)) * (0.1 + float64(0.15*r.Float64()))
	near := func(m float64) float64 { return m + float64(radius*(r.Float64()-0.5)) }
	tx, ty, tz := near(mx), near(my), near(mz)
	for i := range s.Brain {
		x, y, z := float64(i%nx), float64(i/nx%ny), float64(i/nx/ny)
		s.Brain[i] = square((x-mx)/mx)+square((y-my)/(0.4*float64(ny)))+square((z-mz)/(0.45*float64(nz))) < 0.8
		distance := square(x-tx) + square(y-ty) + square(z-tz)
		for bit, share := range []float64{1, 0.7, 0.4} {
			if distance < square(share*radius) {
				s.Regions[i] |= 1 << bit
			}
		}
		for c := range s.Channels {
			if s.Channels[c][i] = -7; s.Brain[i] {
				s.Channels[c][i] = float32(100*(c+1)) + float32(x) - float32(y) + 20*float32(s.Regions[i]) + r.Float32()
			}
		}
	}
	return s
}

// fakeProvider is a provider of fake scans of which number i comes from site i%sites, and the number of scans that were
// read from it.
func fakeProvider(cases, sites, channels int) (*Provider, *atomic.Int64) {
	p, scans := &Provider{Name: "fake", Regions: TumourRegions(), Synthetic: true}, new(atomic.Int64)
	for i := range cases {
		p.Cases = append(p.Cases, Listing{Name: fmt.Sprintf("case_%03d", i), Site: i % max(sites, 1)})
	}
	for s := range sites {
		p.Sites = append(p.Sites, fmt.Sprintf("site %d", s))
	}
	p.Key = func(i int) (string, error) { return fmt.Sprintf("fake %d", i), nil }
	p.Scan = func(i int) (*Scan, error) {
		scans.Add(1)
		return fakeScan(30+i%3, 28, 20+i%5, channels, rng.New(1, "fake scan", uint64(i))), nil
	}
	return p, scans
}

// options are those of a set of two modalities.
func options(t testing.TB, shape tensor.Shape, extract string) datasets.OpenOptions {
	t.Helper()
	return datasets.OpenOptions{Cache: t.TempDir(), Shape: shape, Seed: 1, Volumes: datasets.Volumes{Modalities: []string{"flair", "t1ce"}, Extract: extract}}
}

func mustOpen(t testing.TB, p *Provider, opt datasets.OpenOptions) *datasets.Data {
	t.Helper()
	data, err := Open(*p, opt)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
