package configs

import "testing"

// A budget that is written with decimals is that many bits, although 2.007 times a million is more than 2007000.
func TestBitBudgets(t *testing.T) {
	for bits := int64(1); bits < 50_000_000; bits = bits*21/20 + 1 {
		for _, c := range []struct {
			mbit float64
			want int64
		}{{float64(bits) / 1e6, bits}, {(float64(bits) + 0.25) / 1e6, bits + 1}, {(float64(bits) + 0.75) / 1e6, bits + 1}} {
			if got := (Stop{Uplink: c.mbit, Total: c.mbit}).limits(); got.Uplink != c.want || got.Total != c.want {
				t.Errorf("%v Mbit are %d and %d bits, want %d", c.mbit, got.Uplink, got.Total, c.want)
			}
		}
	}
	for mbit, want := range map[float64]int64{0: 0, 2.007: 2_007_000, 1e30: 1 << 62} {
		if got := bitsOf(mbit); got != want {
			t.Errorf("%v Mbit are %d bits, want %d", mbit, got, want)
		}
	}
}
