package sim

import (
	"crypto/sha256"
	"encoding/hex"

	"flsim/codecs"
	"flsim/internal/wire"
)

// settingsSender sends clients what a stage of the uplink has to tell them: with every task or, where it lasts, only to
// those who do not hold it already.
type settingsSender struct {
	from    codecs.Controller // nil for none
	lasting bool
	version int         // of the settings, from 1; counts changes
	digest  string      // of the latest version
	has     map[int]int // client -> version that it holds
}

func newSettings(uplink codecs.Codec) *settingsSender {
	x := &settingsSender{has: make(map[int]int)}
	x.from, _ = codecs.Find[codecs.Controller](uplink)
	if l, ok := x.from.(codecs.Lasting); ok {
		x.lasting = l.ControlLasts()
	}
	return x
}

// next makes a round's settings, nil for none.
func (x *settingsSender) next(f codecs.Feedback) ([]byte, error) {
	if x.from == nil {
		return nil, nil
	}
	control, err := x.from.Control(nil, f)
	if err != nil || !x.lasting {
		return control, err
	}
	sum := sha256.Sum256(control)
	if digest := hex.EncodeToString(sum[:]); digest != x.digest {
		x.version++
		x.digest = digest
	}
	return control, nil
}

// parcelFor returns what a client must be sent to hold the settings.
func (x *settingsSender) parcelFor(client int, control []byte) parcel {
	if control == nil || x.lasting && x.has[client] == x.version {
		return parcel{}
	}
	return parcel{Frames: 1, Wire: int64(wire.FrameSize(len(control))), Payload: int64(len(control)),
		Account: codecs.Account{Side: len(control), Entropy: float64(8 * len(control))}}
}

// received notes that a client has got what parcelFor said.
func (x *settingsSender) received(client int) {
	if x.lasting {
		x.has[client] = x.version
	}
}

// settingsFacts is what a checkpoint keeps of lasting settings.
type settingsFacts struct {
	Version int         `json:"version"`
	Digest  string      `json:"digest"`
	Has     map[int]int `json:"has,omitempty"` // JSON lists the keys in order
}

func (x *settingsSender) facts() *settingsFacts {
	if !x.lasting {
		return nil
	}
	return &settingsFacts{x.version, x.digest, x.has}
}

func (x *settingsSender) restore(f *settingsFacts) {
	if f == nil {
		return
	}
	x.version, x.digest = f.Version, f.Digest
	if f.Has != nil {
		x.has = f.Has
	}
}
