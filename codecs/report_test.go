package codecs_test

import (
	"bytes"
	"math"
	"testing"

	"flsim/codecs"
	"flsim/internal/wire"
)

func TestReports(t *testing.T) {
	x := codecs.Report{Loss: 1.5, Range: 0.25}
	for _, c := range []struct {
		wanted codecs.Reports
		bytes  []byte
		want   codecs.Report
	}{
		{codecs.Reports{}, nil, codecs.Report{}},
		{codecs.Reports{Loss: true, All: true}, []byte{0, 0, 0xc0, 0x3f}, codecs.Report{Loss: 1.5}},
		{codecs.Reports{Range: true}, []byte{0, 0, 0x80, 0x3e}, codecs.Report{Range: 0.25}},
		{codecs.Reports{Loss: true, Range: true}, []byte{0, 0, 0xc0, 0x3f, 0, 0, 0x80, 0x3e}, x},
	} {
		msg := c.wanted.Append(nil, x)
		if !bytes.Equal(msg, c.bytes) || c.wanted.Size() != len(msg) {
			t.Errorf("%+v: %x of %d bytes, want %x", c.wanted, msg, c.wanted.Size(), c.bytes)
		}
		if got, err := c.wanted.ParseFrame(c.wanted.AppendFrame(nil, x)); err != nil || got != c.want {
			t.Errorf("%+v: %+v comes back (error %v)", c.wanted, got, err)
		}
		if _, err := c.wanted.Parse(append(msg, 0)); err == nil {
			t.Errorf("%+v: a byte behind the report is accepted", c.wanted)
		}
		for n := range msg {
			if _, err := c.wanted.Parse(msg[:n]); err == nil {
				t.Errorf("%+v: %d bytes of %d are accepted", c.wanted, n, len(msg))
			}
		}
	}
	loss := codecs.Reports{Loss: true}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := loss.Parse(wire.AppendFloat32(nil, float32(bad))); err == nil {
			t.Errorf("a loss of %v is accepted", bad)
		}
	}
	if _, err := loss.ParseFrame(wire.AppendFrame(nil, wire.Update, []byte{0, 0, 0, 0})); err == nil {
		t.Error("an update passes for a report")
	}
}
