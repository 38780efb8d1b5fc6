package sim

import (
	"fmt"
	"math"

	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/internal/wire"
)

// server holds the global model and folds messages into it.
type server struct {
	layout codecs.Layout
	sender codecs.Sender // of the uplink
	opt    nn.Optimizer
	lr     float64
	w      []float32
	sum    []float64 // weighted sum of decoded updates
	weight []float64 // weights of those who sent an element; nil unless elements are averaged over those alone
	u      []float32 // one decoded update, then the averaged one
}

func newServer(cfg *Config) *server {
	layout := cfg.Model.Layout()
	d := layout.Len()
	s := &server{layout: layout, sender: cfg.Uplink, opt: nn.NewOptimizer(cfg.Optimizer, layout),
		lr: cfg.Optimizer.LR, w: make([]float32, d), sum: make([]float64, d), u: make([]float32, d)}
	if p, ok := codecs.Find[codecs.PartialMean](cfg.Uplink.Codec); ok && p.MeanOfSent() {
		s.weight = make([]float64, d)
	}
	return s
}

// contribution is one client's message with its weight.
type contribution struct {
	client int
	frame  []byte
	shared *codecs.Shared
	weight float64
}

// aggregate decodes the messages in their order, averages them in float64 and takes one step of the server optimizer
// along the average. Running statistics are averaged as they are.
func (s *server) aggregate(from []contribution) error {
	clear(s.sum)
	clear(s.weight)
	var total float64
	for _, c := range from {
		if err := s.sender.Open(s.u, c.frame, wire.Update, c.shared); err != nil {
			return fmt.Errorf("round %d, client %d, uplink: %w", c.shared.Round, c.client, err)
		}
		for i, u := range s.u {
			s.sum[i] += float64(c.weight * float64(u))
		}
		for i := range s.weight {
			if s.u[i] != 0 {
				s.weight[i] += c.weight
			}
		}
		total += c.weight
	}
	if total <= 0 {
		return fmt.Errorf("the messages of round %d weigh %v together", from[0].shared.Round, total)
	}
	for i, weight := range s.weight {
		if weight > 0 {
			s.sum[i] *= total / weight
		}
	}
	for i, sum := range s.sum {
		s.u[i] = -float32(sum / total) // optimizers descend
	}
	s.opt.Step(s.w, s.u, s.lr)
	for _, seg := range s.layout {
		if seg.Kind == codecs.Buffer {
			for i := seg.Off; i < seg.Off+seg.Len; i++ {
				s.w[i] -= s.u[i]
			}
		}
	}
	return finite(s.w, from[0].shared.Round)
}

// finite returns an error if a model is not.
func finite(model []float32, round int) error {
	for _, w := range model {
		if math.IsNaN(float64(w)) || math.IsInf(float64(w), 0) {
			return &DivergedError{Round: round}
		}
	}
	return nil
}

// DivergedError says that the global model, or its loss, left the finite numbers.
type DivergedError struct{ Round int }

// Error names the round and the usual remedy.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("the global model diverged: after round %d its weights or its loss are not finite; a lower clients.lr usually cures it", e.Round)
}
