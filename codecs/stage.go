package codecs

// Tensor is one stretch of values on its way through a stage: a tensor, or the whole model where a stage's scope is
// the model.
type Tensor struct {
	Segment        // name, kind and shape; Off and Len refer to the whole vector
	Seed    uint64 // the stage's own seed for this tensor; zero at the decoder unless the stage is Seeded
	Shared  *Shared
	at      []int32 // where the kept values lie in the coded vector, nil if all were kept
	from    int     // where the tensor begins in it
}

// Position returns where kept value j lies in the tensor, as the sparsifier saw it.
func (t *Tensor) Position(j int) int {
	if t.at == nil {
		return j
	}
	return int(t.at[j]) - t.from
}

// Transform maps a tensor to another representation of possibly other length, such as a rotation.
type Transform interface {
	// Size returns how many values Forward makes of n.
	Size(n int) int
	// Forward fills dst, of length Size(len(v)), from v, which it leaves alone.
	Forward(dst, v []float32, t *Tensor)
	// Inverse fills v from src, of length Size(len(v)), which it may overwrite.
	Inverse(v, src []float32, t *Tensor)
}

// Sparsifier chooses which elements of the vector are sent at all.
type Sparsifier interface {
	// Select appends to msg what Positions needs, and returns with it the chosen positions in ascending order.
	// layout divides v into its tensors.
	Select(msg []byte, v []float32, layout Layout, s *Shared, seed uint64) (out []byte, kept []int32, err error)
	// Positions reads back what Select appended for a vector of layout's length and returns the bytes behind it.
	Positions(msg []byte, layout Layout, s *Shared, seed uint64) (kept []int32, rest []byte, err error)
	// Gain is the factor by which the decoder multiplies every value that was kept: 1, or 1/p where the elements
	// were drawn with probability p.
	Gain() float32
}

// Alphabet describes the symbols of one message: the integers 0..Size-1.
type Alphabet struct {
	Size int
	Zero int // the symbol that stands for the value 0, -1 if there is none
}

// Bits returns the width of a symbol in a fixed-width code: ceil(log2 Size).
func (a Alphabet) Bits() int {
	b := 0
	for 1<<b < a.Size {
		b++
	}
	return b
}

// Quantizer maps the values of a tensor to symbols of a small alphabet plus a few bytes of side data.
type Quantizer interface {
	// Alphabet returns the symbols that a message of these shared facts uses.
	Alphabet(s *Shared) (Alphabet, error)
	// Encode writes one symbol per kept value and appends the tensor's side data to side. full is the tensor before
	// sparsification, for quantizers whose scale is that of the whole tensor; kept may be full itself.
	Encode(symbols []uint32, side []byte, full, kept []float32, t *Tensor) ([]byte, error)
	// Decode fills kept from its symbols, reads its side data from the front of side and returns the rest.
	Decode(kept []float32, symbols []uint32, side []byte, t *Tensor) ([]byte, error)
}

// EntropyCoder packs symbols into bytes.
type EntropyCoder interface {
	Encode(dst []byte, symbols []uint32, a Alphabet) ([]byte, error)
	// Decode fills symbols, all of them, from msg, all of it.
	Decode(symbols []uint32, msg []byte, a Alphabet) error
}

// What a stage may want besides is asked of it once, when a run is wired.
type (
	// Seeded stages share a seed with the decoder. It is sent once per message, 8 bytes, and counted as side data.
	Seeded interface{ NeedsSeed() bool }

	// WholeModel quantizers may take all values of a message at once instead of tensor by tensor. Their Tensor is then
	// called "model", and its offsets refer to the tensors that are coded, one after the other.
	WholeModel interface{ ModelScope() bool }

	// Skipping stages want to know which kinds of tensors pass them by. What WithSkip returns takes the stage's place.
	Skipping interface {
		WithSkip(skip []Kind) any
	}

	// PaperBits gives a quantizer's cost by its authors' own formula: bits for n values in tensors of which kept
	// were sent, without the cost of positions.
	PaperBits interface {
		PaperBits(tensors []Segment, kept []int, s *Shared) float64
	}

	// PaperPositions gives a sparsifier's cost of positions by its authors' formula, in bits.
	PaperPositions interface {
		PaperPositions(n, kept int) float64
	}

	// PaperSymbols gives an entropy coder's cost of one tensor's symbols by its authors' formula, in bits, without side
	// data; false if they give none for this alphabet. Where there is one it stands in for the quantizer's PaperBits.
	PaperSymbols interface {
		PaperSymbols(symbols []uint32, a Alphabet) (bits float64, known bool)
	}

	// Reshaper has a say in local training. A nil Reparam means plain training. seed is that of the message which the
	// training will end with, so that noise drawn from it in training can be drawn again by the decoder. It stands in
	// no chain with a transform, of which training knows nothing.
	Reshaper interface {
		Reparam(s *Shared, seed uint64) Reparam
	}

	// Controller makes the settings that the server sends with each task. They are charged to the downlink.
	Controller interface {
		Control(dst []byte, f Feedback) ([]byte, error)
	}

	// Lasting settings are kept by the clients until they receive others: only those who hold others are sent them.
	Lasting interface{ ControlLasts() bool }

	// Lossless sparsifiers leave out nothing but zeros. Only they may code a whole model.
	Lossless interface{ Lossless() bool }

	// PartialMean stages send a part of the elements that differs from client to client: the server averages each
	// element over the clients whose message decodes to something else than zero there, and leaves it alone if there
	// is none.
	PartialMean interface{ MeanOfSent() bool }

	// Announcer controllers name a number that their settings hold, such as a count of levels, for the record.
	Announcer interface {
		// Announces is the name of the number's column.
		Announces() string
		// Announced returns the number in settings that Control made.
		Announced(control []byte) (float64, error)
	}

	// Reporter stages have clients measure something for the server. What they report travels in a frame of its own
	// behind the update and is charged to the uplink; a Controller finds it in Feedback.
	Reporter interface{ Reports() Reports }

	// GlobalHook edits the global model after aggregation.
	GlobalHook interface {
		AfterAggregate(w []float32, s *Shared) error
	}
)

// Feedback is what the server knows when it starts a round.
type Feedback struct {
	Round, Rounds int
	Layout        Layout
	Model         []float32 // the global model that the round starts from; not to be written to
	FirstLoss     float64   // mean training loss of the first round's clients, 0 before it is known
	LastLoss      float64   // the same of the latest aggregated round
	LRFactor      float64   // the clients' learning rate in this round, over that in the first
	Reported      []Report  // what a Reporter has had measured in each round before this one, the first one's first
}

// Reports says what a Reporter wants to know.
type Reports struct {
	Loss  bool // the mean loss of the model that a client has received over the client's examples, before training
	Range bool // the largest less the smallest element of an update, before it is encoded
	All   bool // the loss of all clients: those without a task receive the model too, only to report
}

// Any reports whether anything is wanted.
func (r Reports) Any() bool { return r.Loss || r.Range }

// Report holds what was measured, zero where nothing was wanted: of one client, or of a round as the mean over its
// clients, weighted as their updates are.
type Report struct{ Loss, Range float64 }

// Reparam maps the numbers that the optimizer owns, theta, to the weights that the network computes with, w.
// All vectors have the layout's length.
type Reparam interface {
	// Start sets theta from the received model.
	Start(theta, received []float32)
	// Weights fills w before a step's forward pass.
	Weights(w, theta []float32, step, steps int)
	// Gradient turns dL/dw into dL/dtheta in place and adds regularisers.
	Gradient(g, theta []float32, step, steps int)
	// Update fills u with the vector that is handed to the encoder.
	Update(u, theta []float32)
}
