package codecs_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/cossgd"
	"flsim/codecs/entropy"
	"flsim/codecs/fedzip"
	"flsim/codecs/quantize"
	"flsim/codecs/sparsify"
	"flsim/codecs/transform"
	"flsim/internal/wire"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestPlain(t *testing.T) {
	codectest.Run(t, func() codecs.Codec { return codecs.Plain() }, codectest.Options{})
	layout := codecs.Layout{}.Add("w", codecs.Weight, 3).Add("mean", codecs.Buffer, 2)
	msg, account, err := codecs.Plain().Encode(nil, make([]float32, 5), codectest.Shared(nil, layout), 1)
	if want := (codecs.Account{Entropy: 160, Paper: 160}); err != nil || len(msg) != 20 || account != want {
		t.Errorf("%d bytes, %+v, want 20 and %+v (error %v)", len(msg), account, want, err)
	}
}

func BenchmarkPlain(b *testing.B) {
	codectest.Bench(b, func() codecs.Codec { return codecs.Plain() })
}

// Stages with wishes, for the rules of chains.
type (
	reshaping struct{ quantize.Float16 }
	ruling    struct{ sparsify.TopK }
	editing   struct{ entropy.Fixed }
	both      struct {
		codecs.Sparsifier
		codecs.Transform
	}
)

func (reshaping) Reparam(*codecs.Shared, uint64) codecs.Reparam          { return nil }
func (ruling) Reparam(*codecs.Shared, uint64) codecs.Reparam             { return nil }
func (ruling) Control(dst []byte, _ codecs.Feedback) ([]byte, error)     { return append(dst, 1), nil }
func (editing) AfterAggregate(w []float32, _ *codecs.Shared) (err error) { return nil }

func TestRules(t *testing.T) {
	topk, qsgd, huffman := sparsify.TopK{Keep: 0.1}, quantize.QSGD{Levels: 7}, entropy.Huffman{}
	for _, c := range []struct {
		stages []any
		says   string // of the error, none if it is empty
	}{
		{nil, ""},
		{[]any{topk, qsgd, huffman}, ""},
		{[]any{transform.Hadamard{}, huffman}, ""},
		{[]any{reshaping{}, editing{}}, ""},
		{[]any{qsgd, topk}, "stage 2 is a sparsifier and stands behind a quantizer"},
		{[]any{qsgd, quantize.Float16{}}, "stages 1 and 2 are both the chain's quantizer"},
		{[]any{topk, codecs.Plain()}, "stage 2 is a codec of its own"},
		{[]any{ruling{}, reshaping{}}, "stages 1 and 2 both have this wish: each wants a say in local training"},
		{[]any{topk, 7}, "stage 2: int is no stage"},
		{[]any{transform.Hadamard{}, reshaping{}}, "stage 2 wants a say in local training and stands behind a transform"},
		{[]any{both{}}, "is a transform and a sparsifier at once"},
	} {
		_, err := codecs.New(nil, c.stages...)
		if c.says == "" && err != nil {
			t.Errorf("%T: %v", c.stages, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%T: error %v, want one with %q", c.stages, err, c.says)
		}
	}
	if _, err := codecs.New([]codecs.Kind{codecs.Bias}, codecs.Plain()); err != nil {
		t.Errorf("skip with a codec that sends everything dense: %v", err)
	}
	if _, err := codecs.New([]codecs.Kind{codecs.Bias}, whole{codecs.Plain()}); err == nil {
		t.Error("skip with a codec that is no chain is accepted")
	}
}

// whole is a codec that is no chain.
type whole struct{ codecs.Codec }

func TestFind(t *testing.T) {
	codec, err := codecs.New(nil, ruling{}, quantize.Float16{}, editing{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := codecs.Find[codecs.Reshaper](codec); !ok {
		t.Error("the reshaper is not found")
	}
	if c, ok := codecs.Find[codecs.Controller](codec); !ok {
		t.Error("the controller is not found")
	} else if settings, _ := c.Control(nil, codecs.Feedback{}); len(settings) != 1 {
		t.Error("another controller is found")
	}
	if _, ok := codecs.Find[codecs.GlobalHook](codec); !ok {
		t.Error("the hook is not found")
	}
	if _, ok := codecs.Find[codecs.Reshaper](codecs.Plain()); ok {
		t.Error("a chain without stages has a reshaper")
	}
	if _, ok := codecs.Find[interface{ Name() string }](codec); ok {
		t.Error("a capability is found that no stage has")
	}
}

// TestAccounts holds the three counts of known messages against numbers worked out by hand. The layout has 1000
// weights, 10 biases and 4 buffers.
func TestAccounts(t *testing.T) {
	layout := codecs.Layout{}.Add("w", codecs.Weight, 1000).Add("b", codecs.Bias, 10).Add("mean", codecs.Buffer, 4)
	v := make([]float32, layout.Len())
	for i := range v {
		v[i] = float32(i%4) + 1
	}
	bias := []codecs.Kind{codecs.Bias}
	zip := fedzip.Quantizer{Keep: 0.25, KeepBias: 1, K: 3, Iterations: 4}
	for _, c := range []struct {
		name    string
		skip    []codecs.Kind
		stages  []any
		payload int
		side    int
		symbols float64 // bits of entropy besides the side data and dense values
		dense   int     // values that pass the stages by
		paper   float64
	}{
		{"float16", nil, []any{quantize.Float16{}}, 16 + 1 + 2*1010, 1, 2000 + entropy10, 4, 4*32 + 16*1010},
		{"float16, no biases", bias, []any{quantize.Float16{}}, 56 + 1 + 2*1000, 1, 2000, 14, 14*32 + 16*1000},
		{"cossgd", nil, []any{cossgd.Quantizer{Bits: 2}}, 16 + 1 + 16 + 253, 17, 0, 4, 4*32 + 2*1010 + 2*64},
		{"top-k", bias, []any{sparsify.TopK{Keep: 0.25}}, 56 + 3 + 94 + 4*250, 97, 32 * 250, 14, 14*32 + 64*250},
		{"labels, Huffman", nil, []any{zip, fedzip.Labels{}}, 16 + 25 + 1 + 160, 25, labelEntropy, 4, 4*32 + 1000 + 12},
		{"labels, differences", nil, []any{zip, fedzip.Labels{Encoding: fedzip.Difference}}, 16 + 25 + 4 + 162, 25, labelEntropy, 4, 4*32 + 749 + 12},
		{"labels, no formula", nil, []any{zip, entropy.Fixed{}}, 16 + 25 + 253, 25, labelEntropy, 4, 0},
		{"labels of others", nil, []any{quantize.Uniform{Bits: 2, Nearest: true}, fedzip.Labels{}}, 16 + 17 + 254, 17, 2000 + entropy10, 4, 4*32 + 2*1010 + 2*64},
		{"mask", nil, []any{sparsify.RandomMask{Keep: 1}}, 16 + 8 + 4*1010, 8, 32 * 1010, 4, 4*32 + 64 + 32*1010},
		{"bytes", bias, []any{entropy.Fixed{}}, 56 + 4*1000, 0, 4000 * bytesEntropy, 14, 14*32 + 32*1000},
	} {
		codec, err := codecs.New(c.skip, c.stages...)
		if err != nil {
			t.Fatal(err)
		}
		msg, account, err := codec.Encode(nil, v, codectest.Shared(codec, layout), 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(msg) != c.payload || account.Side != c.side || account.Paper != c.paper {
			t.Errorf("%s: %d bytes, %+v, want %d, %d of them side data and %v by the formula", c.name, len(msg), account, c.payload, c.side, c.paper)
		}
		if want := c.symbols + float64(8*c.side+32*c.dense); c.name != "cossgd" && math.Abs(account.Entropy-want) > 1e-9*want {
			t.Errorf("%s: an entropy of %v bits, want %v", c.name, account.Entropy, want)
		}
	}
}

// labelEntropy is that of labels that occur 750 and 250 times in one tensor, 5, 3 and 2 times in the other.
var labelEntropy = 2000 - 750*math.Log2(3) + 10*math.Log2(10) - 5*math.Log2(5) - 3*math.Log2(3) - 2

// entropy10 is that of ten symbols that repeat with period 4: counts 3, 3, 2, 2.
var entropy10 = 6*math.Log2(10./3) + 4*math.Log2(5)

// bytesEntropy is that of a byte of the values 1, 2, 3, 4, whose bytes 0000803f 00000040 00004040 00008040 are ten
// times 00, three times 40, twice 80 and once 3f ... of sixteen.
var bytesEntropy = 9./16*math.Log2(16./9) + 4./16*2 + 2./16*3 + 1./16*4

// TestSeedOnce: two stages that share a seed send it once, and both can do without the encoder.
func TestSeedOnce(t *testing.T) {
	codec, err := codecs.New(nil, transform.Hadamard{}, sparsify.RandomMask{Keep: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	layout := codecs.Layout{}.Add("w", codecs.Weight, 64)
	msg, account, err := codec.Encode(nil, make([]float32, 64), codectest.Shared(codec, layout), 0x0102030405060708)
	if err != nil || account.Side != 8 || binary.LittleEndian.Uint64(msg) != 0x0102030405060708 {
		t.Errorf("%d bytes of side data, %x (error %v)", account.Side, msg, err)
	}
}

// TestMessages pins the bytes of small messages of several chains.
func TestMessages(t *testing.T) {
	layout := codecs.Layout{}.Add("w", codecs.Weight, 2, 6).Add("mean", codecs.Buffer, 1).Add("b", codecs.Bias, 2)
	v := []float32{0.30, -0.70, 0.05, -0.02, 1.20, -0.10, 0, 0, 0.5, 0, 0, -2, 7, 0.25, -0.125}
	var out strings.Builder
	for _, c := range []struct {
		name   string
		skip   []codecs.Kind
		stages []any
	}{
		{"", nil, nil},
		{"float16", nil, []any{quantize.Float16{}}},
		{"cossgd", []codecs.Kind{codecs.Bias}, []any{cossgd.Quantizer{Bits: 2}}},
		{"qsgd huffman", nil, []any{quantize.QSGD{Levels: 7}, entropy.Huffman{}}},
		{"topk", nil, []any{sparsify.TopK{Keep: 0.2}}},
		{"topk qsgd fse", nil, []any{sparsify.TopK{Keep: 0.5}, quantize.QSGD{Levels: 1, Max: true}, entropy.FSE{}}},
		{"fedzip", nil, []any{fedzip.Quantizer{Keep: 0.3, KeepBias: 1, K: 3, Iterations: 4}}},
		{"fedzip fedzip-labels", nil, []any{fedzip.Quantizer{Keep: 0.3, KeepBias: 1, K: 3, Iterations: 4}, fedzip.Labels{Encoding: fedzip.Difference}}},
		{"hadamard randommask uniform", nil, []any{transform.Hadamard{}, sparsify.RandomMask{Keep: 0.5}, quantize.Uniform{Bits: 4}}},
	} {
		codec, err := codecs.New(c.skip, c.stages...)
		if err != nil {
			t.Fatal(err)
		}
		msg, account, err := codec.Encode(nil, v, codectest.Shared(codec, layout), 42)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "[%s] %d bytes, %d of side data, entropy %.3f bits, formula %v bits\n%s", c.name, len(msg), account.Side,
			account.Entropy, account.Paper, hex.Dump(msg))
	}
	golden(t, "testdata/messages.txt", out.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is out of date; the messages now are\n%s", file, got)
	}
}

func TestSender(t *testing.T) {
	codec, err := codecs.New(nil, sparsify.TopK{Keep: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	layout := codecs.Layout{}.Add("w", codecs.Weight, 4)
	shared, v := codectest.Shared(codec, layout), []float32{1, -2, 3, 0.5}
	sender := codecs.Sender{Codec: codec, Feedback: true}
	sent, err := sender.Send([]byte("x"), wire.Update, v, nil, shared, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(sent.Decoded, sent.Residual), "[0 0 3 0] [1 -2 0 0.5]"; got != want {
		t.Errorf("decoded and residual are %v, want %v", got, want)
	}
	if want := 5.25 / 14.25; sent.NMSE != want || sent.Payload+len("x")+wire.FrameSize(0) != len(sent.Frame) {
		t.Errorf("NMSE %v, want %v; a payload of %d in a frame of %d", sent.NMSE, want, sent.Payload, len(sent.Frame)-1)
	}
	second, err := sender.Send(nil, wire.Update, v, sent.Residual, shared, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(second.Decoded, second.Residual), "[0 -4 0 0] [2 0 3 1]"; got != want {
		t.Errorf("decoded and residual are %v, want %v", got, want)
	}
	sender.Feedback = false
	plain, err := sender.Send(nil, wire.Update, v, sent.Residual, shared, 1)
	if err != nil || plain.Residual != nil || !bytes.Equal(plain.Frame, sent.Frame[1:]) {
		t.Errorf("without error feedback the residual is %v and the frame another one (error %v)", plain.Residual, err)
	}
}

func TestSenderRefuses(t *testing.T) {
	sender := codecs.Sender{Codec: codecs.Plain(), Feedback: true}
	layout := codecs.Layout{}.Add("w", codecs.Weight, 2)
	shared, v := codectest.Shared(sender.Codec, layout), []float32{1, 2}
	if _, err := sender.Send(nil, wire.Update, v, make([]float32, 3), shared, 1); err == nil {
		t.Error("a residual of another length is accepted")
	}
	if _, err := sender.Send(nil, wire.Update, []float32{math.MaxFloat32, 0}, []float32{math.MaxFloat32, 0}, shared, 1); !errors.Is(err, codecs.ErrNotFinite) {
		t.Errorf("an input that overflows: error %v", err)
	}
	sent, err := sender.Send(nil, wire.Update, v, nil, shared, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Open(v, sent.Frame, wire.Model, shared); err == nil {
		t.Error("a frame of another kind is opened")
	}
	if err := sender.Open(v, append(sent.Frame, 0), wire.Update, shared); err == nil {
		t.Error("a frame with a byte behind it is opened")
	}
	sent.Frame[7] ^= 1
	if err := sender.Open(v, sent.Frame, wire.Update, shared); !errors.Is(err, wire.ErrChecksum) {
		t.Errorf("a damaged frame: error %v", err)
	}
}

// TestAllocations: encoding a million elements takes little memory besides the message.
func TestAllocations(t *testing.T) {
	layout := codecs.Layout{}.Add("w", codecs.Weight, 1_000_000)
	v, msg := make([]float32, layout.Len()), make([]byte, 0, 4<<20)
	codec, err := codecs.New(nil, quantize.QSGD{Levels: 7}, entropy.Huffman{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range v {
		v[i] = float32(i%17) - 8
	}
	shared := codectest.Shared(codec, layout)
	least := uint64(math.MaxUint64)
	for range 6 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := codec.Encode(msg, v, shared, 1); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > 1<<20 {
		t.Errorf("%d bytes are allocated", least)
	}
}
