package figures

import "testing"

func TestTenths(t *testing.T) {
	for v, want := range map[float64]string{0.3065: "30.7 %", 0.2105: "21.1 %", 0.30649: "30.6 %", 1: "100.0 %", 0: "0.0 %", 0.28750000000000003: "28.8 %"} {
		if got := yAxis("accuracy", nil).text(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
