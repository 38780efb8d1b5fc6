package sim

import (
	"fmt"

	"flsim/codecs"
	"flsim/internal/rng"
	"flsim/internal/wire"
	"flsim/sim/record"
)

// parcel is what goes over a link in one transfer: one frame or more, counted. Its fields are exported for checkpoints.
type parcel struct {
	Frames  int
	Wire    int64 // bytes
	Payload int64
	Account codecs.Account
}

func (p *parcel) add(q parcel) {
	p.Frames += q.Frames
	p.Wire += q.Wire
	p.Payload += q.Payload
	p.Account.Side += q.Account.Side
	p.Account.Entropy += q.Account.Entropy
	p.Account.Paper += q.Account.Paper
}

func (p *parcel) bits() record.Bits {
	return record.Bits{Wire: 8 * p.Wire, Payload: 8 * p.Payload, Side: 8 * int64(p.Account.Side),
		Entropy: p.Account.Entropy, Paper: p.Account.Paper}
}

func parcelOf(s *codecs.Sent) parcel {
	return parcel{Frames: 1, Wire: int64(len(s.Frame)), Payload: int64(s.Payload), Account: s.Account}
}

// plainParcel is a frame whose payload is side data throughout.
func plainParcel(frame, payload int) parcel {
	return parcel{Frames: 1, Wire: int64(frame), Payload: int64(payload),
		Account: codecs.Account{Side: payload, Entropy: float64(8 * payload)}}
}

// broadcast sends the global model to clients. A version is encoded once and its bytes go to everybody.
type broadcast struct {
	down    Downlink
	layout  codecs.Layout
	seed    uint64
	rounds  int
	control []byte      // settings that receivers of the latest version have
	version int         // of the model that was last published, from 1
	held    []float32   // what a client that has the latest version holds; replaced, never written to
	nmse    float64     // of the latest version's message
	whole   parcel      // the latest version, as one message
	deltas  []parcel    // messages of the latest versions, the last one being version's
	has     map[int]int // client -> version that it holds
}

func newBroadcast(down Downlink, layout codecs.Layout, seed uint64, rounds int) *broadcast {
	return &broadcast{down: down, layout: layout, seed: seed, rounds: rounds, has: make(map[int]int)}
}

// publish encodes w as a new version, which goes out together with the settings.
func (b *broadcast) publish(w []float32, round int, control []byte) error {
	b.version++
	b.control = control
	var err error
	switch {
	case !b.down.Delta:
		err = b.publishModel(w, round, b.down.Codec)
	case b.held == nil:
		err = b.publishModel(w, round, codecs.Plain())
	default:
		err = b.publishDelta(w, round)
	}
	if err != nil {
		return fmt.Errorf("round %d, downlink: %w", round, err)
	}
	return nil
}

func (b *broadcast) publishModel(w []float32, round int, c codecs.Codec) error {
	sent, err := b.send(c, wire.Model, w, b.shared(round, nil), round)
	if err != nil {
		return err
	}
	b.held, b.whole = sent.Decoded, parcelOf(&sent)
	return nil
}

func (b *broadcast) publishDelta(w []float32, round int) error {
	change := make([]float32, len(w))
	for i := range w {
		change[i] = w[i] - b.held[i]
	}
	sent, err := b.send(b.down.Codec, wire.Delta, change, b.shared(round, b.held), round)
	if err != nil {
		return err
	}
	for i, u := range sent.Decoded {
		change[i] = b.held[i] + u
	}
	b.held = change
	b.deltas = append(b.deltas, parcelOf(&sent))
	b.forget()
	return nil
}

// forget drops messages so old that whoever misses them is better served with the whole model.
func (b *broadcast) forget() {
	var sum int64
	for i := len(b.deltas) - 1; i >= 0; i-- {
		if sum += b.deltas[i].Wire; sum >= b.whole.Wire {
			b.deltas = append([]parcel(nil), b.deltas[i+1:]...)
			return
		}
	}
}

func (b *broadcast) send(c codecs.Codec, kind wire.Kind, v []float32, s *codecs.Shared, round int) (codecs.Sent, error) {
	sender := codecs.Sender{Codec: c}
	sent, err := sender.Send(nil, kind, v, nil, s, rng.Derive(b.seed, "downlink", uint64(round)))
	b.nmse = sent.NMSE
	return sent, err
}

func (b *broadcast) shared(round int, reference []float32) *codecs.Shared {
	return &codecs.Shared{Layout: b.layout, Round: round, Rounds: b.rounds, Reference: reference, Control: b.control}
}

// parcelFor returns what a client must be sent to hold the latest version.
func (b *broadcast) parcelFor(client int) parcel {
	missed := b.version - b.has[client]
	if !b.down.Delta || b.has[client] == 0 || missed > len(b.deltas) {
		return b.whole
	}
	var p parcel
	for _, d := range b.deltas[len(b.deltas)-missed:] {
		p.add(d)
	}
	return p
}

// received notes that a client has got what parcelFor said.
func (b *broadcast) received(client int) {
	if b.down.Delta {
		b.has[client] = b.version
	}
}
