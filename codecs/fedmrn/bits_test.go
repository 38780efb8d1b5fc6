package fedmrn

import (
	"testing"

	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/internal/tensor"
	"flsim/internal/wire"
)

// TestBits: what the networks of the paper cost, with batch norm and its running statistics. The first four counts are an
// independent program's; a message has a seed of 64 bits and not of 32, and 8 bits say that no other side data follow.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		model                    string
		in                       tensor.Shape
		classes                  int
		dense                    int // float32, all that is trained
		masks, affine, all       int // a bit per mask and a seed; with batch norm's parameters; with its statistics too
		masked, message, onLinks int
	}{
		{"cnn4", tensor.Shape{H: 28, W: 28, C: 1}, 10, 12_508_160, 389_952, 420_672, 451_392, 389_920, 451_432, 451_520},
		{"cnn4", tensor.Shape{H: 32, W: 32, C: 3}, 10, 12_772_352, 398_208, 428_928, 459_648, 398_176, 459_688, 459_776},
		{"cnn8", tensor.Shape{H: 32, W: 32, C: 3}, 10, 37_870_592, 1_181_568, 1_243_008, 1_304_448, 1_181_536, 1_304_488, 1_304_576},
		{"cnn8", tensor.Shape{H: 32, W: 32, C: 3}, 100, 40_819_712, 1_273_728, 1_335_168, 1_396_608, 1_273_696, 1_396_648, 1_396_736},
	} {
		cfg := nn.DefaultConfig()
		cfg.Name = c.model
		model, err := nn.New(cfg, c.in, c.classes)
		if err != nil {
			t.Fatal(err)
		}
		layout := model.Layout()
		kinds := map[codecs.Kind]int{}
		for _, seg := range layout {
			kinds[seg.Kind] += seg.Len
		}
		sender := codecs.Sender{Codec: build(t, []codecs.Kind{codecs.Norm}, Masked{Quantizer: Quantizer{Alpha: 0.01}, Progressive: true})}
		sent, err := sender.Send(nil, wire.Update, make([]float32, layout.Len()), nil, &codecs.Shared{Layout: layout}, 1)
		if err != nil {
			t.Fatal(err)
		}
		counts := [][2]int{{32 * layout.Trainable(), c.dense}, {kinds[codecs.Weight], c.masked},
			{int(sent.Account.Paper) - 32*kinds[codecs.Norm] - 32*kinds[codecs.Buffer], c.masks},
			{int(sent.Account.Paper) - 32*kinds[codecs.Buffer], c.affine}, {int(sent.Account.Paper), c.all},
			{8 * sent.Payload, c.message}, {8 * len(sent.Frame), c.onLinks}, {sent.Account.Side, 9}}
		for i, count := range counts {
			if count[0] != count[1] {
				t.Errorf("%s, %d classes, count %d is %d, want %d", c.model, c.classes, i, count[0], count[1])
			}
		}
	}
}
