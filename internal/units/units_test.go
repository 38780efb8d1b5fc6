package units

import (
	"testing"
	"time"
)

func TestBits(t *testing.T) {
	for n, want := range map[float64]string{0: "0 bit", 7: "7 bit", 999: "999 bit", 999.7: "1.00 kbit", 1240: "1.24 kbit",
		9994: "9.99 kbit", 9996: "10.0 kbit", 123456: "123 kbit", 999499: "999 kbit", 999501: "1.00 Mbit",
		1.24e9: "1.24 Gbit", 3.9e18: "3900 Pbit"} {
		if got := Bits(n); got != want {
			t.Errorf("Bits(%v) = %q, want %q", n, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Second: "0s", 0: "0.0s", 4240 * time.Millisecond: "4.2s",
		41 * time.Second: "41s", 61 * time.Second: "1m01s", 2*time.Hour + 13*time.Minute: "2h13m",
		7*24*time.Hour + 5*time.Hour: "7d05h"} {
		if got := Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}
