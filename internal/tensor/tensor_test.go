package tensor

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKinds(t *testing.T) {
	for _, k := range []Kind{Weight, Bias, Norm, Buffer} {
		if got, err := ParseKind(k.String()); got != k || err != nil {
			t.Errorf("kind %q reads as %v, %v", k, got, err)
		}
	}
	if got := Kind(9).String(); got != "kind(9)" {
		t.Errorf("a kind that does not exist is written %q", got)
	}
	for _, name := range []string{"", "Weight", "kind(9)", "weights"} {
		_, err := ParseKind(name)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("ParseKind(%q) says %v", name, err)
		}
	}
}

var layouts = rapid.Custom(func(t *rapid.T) Layout {
	var l Layout
	for i := range rapid.IntRange(0, 12).Draw(t, "segments") {
		shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")
		l = l.Add(fmt.Sprint("tensor", i), Kind(rapid.IntRange(0, 3).Draw(t, "kind")), shape...)
	}
	return l
})

func TestLayoutHasNoGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := layouts.Draw(t, "layout")
		off, trainable := 0, 0
		for _, s := range l {
			n := 1
			for _, d := range s.Shape {
				n *= d
			}
			if s.Off != off || s.Len != n {
				t.Fatalf("%s of shape %v lies at %d, %d long; want %d, %d", s.Name, s.Shape, s.Off, s.Len, off, n)
			}
			off += n
			if s.Kind != Buffer {
				trainable += n
			}
		}
		if l.Len() != off || l.Trainable() != trainable {
			t.Fatalf("%d elements, %d trainable; want %d, %d", l.Len(), l.Trainable(), off, trainable)
		}
	})
}

// TestSegmentsCoverTheVector writes each segment's number through Of, and expects every element to be written once.
func TestSegmentsCoverTheVector(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := layouts.Draw(t, "layout")
		v := make([]float32, l.Len())
		for i, s := range l {
			part := s.Of(v)
			if len(part) != s.Len || cap(part) != s.Len {
				t.Fatalf("%s has %d elements, room for %d; want %d", s.Name, len(part), cap(part), s.Len)
			}
			for j := range part {
				part[j] += float32(i + 1)
			}
		}
		for i, s := range l {
			for _, x := range v[s.Off : s.Off+s.Len] {
				if x != float32(i+1) {
					t.Fatalf("an element of segment %d was written by others: %v", i+1, x)
				}
			}
		}
	})
}

func TestShape(t *testing.T) {
	for text, want := range map[string]Shape{
		"32x32x3":    {H: 32, W: 32, C: 3},
		"1x1x784":    {H: 1, W: 1, C: 784},
		"28x30x1":    {H: 28, W: 30, C: 1},
		"65536x1x12": {H: 65536, W: 1, C: 12},
		"64x80x96x4": {D: 64, H: 80, W: 96, C: 4},
		"1x1x1x1":    {D: 1, H: 1, W: 1, C: 1},
	} {
		got, err := ParseShape(text)
		if err != nil || got != want {
			t.Errorf("ParseShape(%q) = %v, %v", text, got, err)
		}
		if got.Size() != max(want.D, 1)*want.H*want.W*want.C || got.String() != text {
			t.Errorf("%v has size %d", got, got.Size())
		}
	}
}

func TestParseShapeErrors(t *testing.T) {
	for _, text := range []string{
		"", "x", "32", "32x32", "32x32x", "x32x3", "32x32x3x1x1", "0x32x32x3", "032x8x8x1", "32769x1x1x1", "1x1x1x32769", "32x32x3 ", " 32x32x3", "32 x 32 x 3", "032x32x3", "+32x32x3",
		"-1x32x3", "0x32x3", "32x32x0", "32X32X3", "32×32×3", "3.2x32x3", "0x10x3", "1e3x2x3", "32x32x3\n",
		"99999999999999999999x1x1", // beyond an int
		"4294967296x4294967296x1",  // whose size is beyond an int, and would wrap around to 0
		"3037000500x3037000500x3", "1x1048577x1",
	} {
		if s, err := ParseShape(text); err == nil {
			t.Errorf("ParseShape(%q) = %v of size %d, want an error", text, s, s.Size())
		} else if !strings.Contains(err.Error(), "32x32x3") {
			t.Errorf("ParseShape(%q) says %v, which names no example", text, err)
		}
	}
}

func FuzzParseShape(f *testing.F) {
	for _, text := range []string{"32x32x3", "1x1x784", "", "0x0x0", "4294967296x4294967296x1", "1x1", "64x64x64x4", "32768x32768x32768x32768"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseShape(text)
		if err == nil && (s.String() != text || s.Size() < 1) {
			t.Errorf("ParseShape(%q) = %v of size %d", text, s, s.Size())
		}
	})
}
