package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestBits writes numbers of random widths, in both orders of bits, and holds the bytes against a string of ones and
// zeros.
func TestBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type number struct {
			x     uint64
			width uint
		}
		var numbers []number
		var lsb LSBWriter
		var msb MSBWriter
		var low, high strings.Builder
		for range rapid.IntRange(0, 60).Draw(t, "count") {
			width := rapid.UintRange(1, 32).Draw(t, "width")
			x := rapid.Uint64().Draw(t, "x") & (1<<width - 1)
			numbers = append(numbers, number{x, width})
			lsb.Write(x, width)
			msb.Write(x, width)
			word := fmt.Sprintf("%0*b", width, x)
			high.WriteString(word)
			low.WriteString(reversed(word))
		}
		lsbBytes, msbBytes := lsb.Flush(), msb.Flush()
		if want := fromString(low.String(), true); !bytes.Equal(lsbBytes, want) {
			t.Fatalf("least significant first: %x, want %x", lsbBytes, want)
		}
		if want := fromString(high.String(), false); !bytes.Equal(msbBytes, want) {
			t.Fatalf("most significant first: %x, want %x", msbBytes, want)
		}
		lr, mr := NewLSBReader(append(lsbBytes, 7)), NewMSBReader(append(msbBytes, 7))
		for i, n := range numbers {
			if a, b := lr.Read(n.width), mr.Read(n.width); a != n.x || b != n.x {
				t.Fatalf("number %d is read as %d and %d, was %d", i, a, b, n.x)
			}
		}
		restIs7(t, lr.Rest)
		restIs7(t, mr.Rest)
	})
}

func restIs7(t *rapid.T, rest func() ([]byte, error)) {
	if b, err := rest(); err != nil || len(b) != 1 || b[0] != 7 {
		t.Fatalf("behind the numbers is %x (error %v)", b, err)
	}
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func fromString(bits string, lsb bool) []byte {
	out := make([]byte, (len(bits)+7)/8)
	for i, b := range bits {
		if b == '1' && lsb {
			out[i/8] |= 1 << (i % 8)
		} else if b == '1' {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

func TestReadersAtTheEnd(t *testing.T) {
	for n := range 12 {
		b := bytes.Repeat([]byte{0xff}, n)
		lr, mr := NewLSBReader(b), NewMSBReader(b)
		for range 8 * n / 4 {
			if lr.Read(4) != 15 || mr.Read(4) != 15 {
				t.Fatalf("%d bytes: a bit is lost", n)
			}
		}
		if _, err := lr.Rest(); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if lr.Read(1) != 0 || mr.Read(1) != 0 || !mr.Short() {
			t.Errorf("%d bytes: there are bits behind the end", n)
		}
		if _, err := lr.Rest(); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d bytes: error %v", n, err)
		}
		if _, err := mr.Rest(); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d bytes: error %v", n, err)
		}
	}
	padded, msb := NewLSBReader([]byte{0x11}), NewMSBReader([]byte{0x11})
	padded.Read(4)
	msb.Read(4)
	if _, err := padded.Rest(); !errors.Is(err, ErrPadding) {
		t.Errorf("bits in the padding: %v", err)
	}
	if _, err := msb.Rest(); !errors.Is(err, ErrPadding) {
		t.Errorf("bits in the padding: %v", err)
	}
}

func TestZeros(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOf(rapid.Uint64Range(0, 300)).Draw(t, "counts")
		var w LSBWriter
		for _, n := range counts {
			w.Zeros(n)
			w.Write(1, 1)
		}
		r := NewLSBReader(w.Flush())
		for i, n := range counts {
			if got := r.Zeros(); got != n {
				t.Fatalf("run %d has %d zeros, want %d", i, got, n)
			}
		}
		if _, err := r.Rest(); err != nil {
			t.Fatal(err)
		}
		if r.Zeros(); !r.short {
			t.Fatal("a run without an end is read")
		}
	})
}

func TestGamma(t *testing.T) {
	values := []uint64{1, 2, 3, 4, 255, 256, 1<<31 - 1, 1 << 31, 1<<32 - 1}
	var w MSBWriter
	bits := 0
	for _, x := range values {
		w.Gamma(x)
		bits += GammaSize(x)
	}
	msg := w.Flush()
	if len(msg) != (bits+7)/8 {
		t.Errorf("%d bytes, want %d bits", len(msg), bits)
	}
	r := NewMSBReader(msg)
	for _, x := range values {
		if got := r.Gamma(); got != x {
			t.Errorf("%d is read as %d", x, got)
		}
	}
	zeros := NewMSBReader(make([]byte, 20))
	if got := zeros.Gamma(); got != 0 || !zeros.Short() {
		t.Errorf("zeros are read as %d", got)
	}
}

func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.UintRange(0, 32).Draw(t, "width")
		symbols := rapid.SliceOf(rapid.Uint32Range(0, uint32(1<<width-1))).Draw(t, "symbols")
		msg := AppendPacked([]byte{1, 2}, symbols, width)[2:]
		if len(msg) != PackedSize(len(symbols), width) {
			t.Fatalf("%d bytes for %d symbols of %d bits", len(msg), len(symbols), width)
		}
		got := make([]uint32, len(symbols))
		if err := Unpack(got, msg, width); err != nil || fmt.Sprint(got) != fmt.Sprint(symbols) {
			t.Fatalf("%v comes back as %v (error %v)", symbols, got, err)
		}
		if err := Unpack(got, append(msg, 0), width); err == nil {
			t.Fatal("a byte too many is accepted")
		}
	})
}

func TestUvarint(t *testing.T) {
	for _, c := range []struct {
		in   string
		want uint64
		ok   bool
	}{{"00", 0, true}, {"7f", 127, true}, {"8001", 128, true}, {"e807", 1000, true}, {"e907", 0, false}, // above the bound
		{"", 0, false}, {"80", 0, false}, {"8000", 0, false}, {"ffffffffffffffffffff01", 0, false}} {
		b, _ := hex.DecodeString(c.in)
		x, rest, err := Uvarint(append(b, 0xff)[:len(b)], 1000)
		if (err == nil) != c.ok || x != c.want || len(rest) != 0 {
			t.Errorf("%s is read as %d (error %v)", c.in, x, err)
		}
	}
}

func TestFloats(t *testing.T) {
	v := []float32{0, float32(math.Copysign(0, -1)), 1, -2.5, math.MaxFloat32, math.SmallestNonzeroFloat32}
	msg := AppendFloat32s([]byte{9}, v)[1:]
	got := make([]float32, len(v))
	if rest := ReadFloat32s(got, append(msg, 1)); len(rest) != 1 {
		t.Errorf("%d bytes are left", len(rest))
	}
	for i, x := range v {
		if math.Float32bits(got[i]) != math.Float32bits(x) {
			t.Errorf("%v comes back as %v", x, got[i])
		}
		one, _, err := Float32(AppendFloat32(nil, x))
		if err != nil || math.Float32bits(one) != math.Float32bits(x) {
			t.Errorf("%v comes back as %v (error %v)", x, one, err)
		}
	}
	if _, _, err := Float32(msg[:3]); !errors.Is(err, ErrTruncated) {
		t.Errorf("three bytes: error %v", err)
	}
}

func TestFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload")
		kind := Kind(rapid.IntRange(int(Model), int(Report)).Draw(t, "kind"))
		frame := AppendFrame([]byte("dst"), kind, payload)[3:]
		if len(frame) != FrameSize(len(payload)) {
			t.Fatalf("%d bytes, FrameSize says %d", len(frame), FrameSize(len(payload)))
		}
		got, back, rest, err := ParseFrame(append(frame, 'r'))
		if err != nil || got != kind || !bytes.Equal(back, payload) || string(rest) != "r" {
			t.Fatalf("%v %x comes back as %v %x with %q behind (error %v)", kind, payload, got, back, rest, err)
		}
		for n := range frame {
			if _, _, _, err := ParseFrame(frame[:n]); err == nil {
				t.Fatalf("%d bytes of %d pass for a frame", n, len(frame))
			}
		}
		bit := rapid.IntRange(0, 8*len(frame)-1).Draw(t, "bit")
		frame[bit/8] ^= 1 << (bit % 8)
		if _, _, _, err := ParseFrame(frame); err == nil {
			t.Fatalf("a frame passes with bit %d flipped", bit)
		}
	})
}

// TestFrameGolden pins the frame's bytes, and its checksum to the usual check value of CRC32C.
func TestFrameGolden(t *testing.T) {
	if sum := crc32.Checksum([]byte("123456789"), castagnoli); sum != 0xe3069283 {
		t.Errorf("the checksum is %#x and so not CRC32C", sum)
	}
	var out strings.Builder
	for _, c := range []struct {
		kind    Kind
		payload []byte
	}{{Update, nil}, {Model, []byte("123456789")}, {Delta, bytes.Repeat([]byte{0}, 130)}, {Control, []byte{1}}, {Report, []byte{0, 0, 0, 64}}} {
		fmt.Fprintf(&out, "%v, %d bytes\n%s", c.kind, len(c.payload), hex.Dump(AppendFrame(nil, c.kind, c.payload)))
	}
	const file = "testdata/frame.txt"
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("frames changed:\n%s", out.String())
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(AppendFrame(nil, Update, []byte("payload")))
	f.Add([]byte("FS\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, payload, rest, err := ParseFrame(b)
		if err != nil {
			return
		}
		if again := append(AppendFrame(nil, kind, payload), rest...); !bytes.Equal(again, b) {
			t.Errorf("%x is read as something that is written %x", b, again)
		}
	})
}

func BenchmarkPack(b *testing.B) {
	symbols := make([]uint32, 1<<20)
	for i := range symbols {
		symbols[i] = uint32(i*2654435761) >> 29
	}
	for _, width := range []uint{3, 4, 8} {
		var msg []byte
		b.Run(fmt.Sprintf("%d bits/append", width), func(b *testing.B) {
			b.SetBytes(4 << 20)
			for b.Loop() {
				msg = AppendPacked(msg[:0], symbols, width)
			}
		})
		b.Run(fmt.Sprintf("%d bits/unpack", width), func(b *testing.B) {
			b.SetBytes(4 << 20)
			for b.Loop() {
				if err := Unpack(symbols, msg, width); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMSB(b *testing.B) {
	b.SetBytes(4 << 20)
	var msg []byte
	for b.Loop() {
		w := MSBWriter{Buf: msg[:0]}
		for i := range uint64(1 << 20) {
			w.Write(i&7, 3)
		}
		msg = w.Flush()
		r := NewMSBReader(msg)
		for range 1 << 20 {
			if r.Peek(11) < 1<<11 {
				r.Skip(3)
			}
		}
	}
}

func BenchmarkFloat32s(b *testing.B) {
	v := make([]float32, 1<<20)
	var msg []byte
	b.SetBytes(4 << 20)
	for b.Loop() {
		msg = AppendFloat32s(msg[:0], v)
		ReadFloat32s(v, msg)
	}
}

func BenchmarkFrame(b *testing.B) {
	payload := make([]byte, 1<<20)
	var frame []byte
	b.SetBytes(1 << 20)
	for b.Loop() {
		frame = AppendFrame(frame[:0], Update, payload)
		if _, _, _, err := ParseFrame(frame); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOmega holds code words against Elias's table and a writer that follows his words literally.
func TestOmega(t *testing.T) {
	for x, want := range map[uint64]string{1: "0", 2: "100", 3: "110", 4: "101000", 8: "1110000", 16: "10100100000", 17: "10100100010"} {
		if got := omega(x); got != want {
			t.Errorf("the twin codes %d as %s, want %s", x, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.OneOf(rapid.Uint64Range(1, 300), rapid.Uint64Range(1, 1<<32-1)), 1, 50).Draw(t, "numbers")
		var w MSBWriter
		want, size := "", 0
		for _, x := range numbers {
			w.Omega(x)
			want += omega(x)
			size += OmegaSize(x)
		}
		got := ""
		for _, b := range w.Flush() {
			got += fmt.Sprintf("%08b", b)
		}
		if size != len(want) || got[:size] != want {
			t.Fatalf("%v is coded as %s, want %s of %d bits", numbers, got, want, size)
		}
		r := NewMSBReader(w.Buf)
		for _, x := range numbers {
			if y := r.Omega(); y != x {
				t.Fatalf("%d comes back as %d", x, y)
			}
		}
		if _, err := r.Rest(); err != nil {
			t.Fatal(err)
		}
	})
	for _, bad := range [][]byte{nil, {0xff}, bytes.Repeat([]byte{0xff}, 9)} {
		if r := NewMSBReader(bad); r.Omega() != 0 || !r.Short() {
			t.Errorf("%x is read as an integer", bad)
		}
	}
}

// omega is the recursive definition of the omega code.
func omega(x uint64) string {
	word := "0"
	for ; x > 1; x = uint64(len(fmt.Sprintf("%b", x)) - 1) {
		word = fmt.Sprintf("%b", x) + word
	}
	return word
}
