package clients

import (
	"math"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		u    []float32
		want float64
	}{{nil, 0}, {[]float32{-3}, 0}, {[]float32{0.5, -0.25, 0}, 0.75}, {[]float32{-math.MaxFloat32, math.MaxFloat32}, math.MaxFloat32}} {
		if got := spread(c.u); got != c.want {
			t.Errorf("the range of %v is %v, want %v", c.u, got, c.want)
		}
	}
}
