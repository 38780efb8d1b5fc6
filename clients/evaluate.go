package clients

import (
	"flsim/clients/nn"
	"flsim/datasets"
)

// Evaluator scores weights on examples in one reusable workspace.
type Evaluator struct {
	net *nn.Net
	x   []float32
	y   []int32
}

// NewEvaluator returns an evaluator of up to batch examples at a time.
func NewEvaluator(m *nn.Model, source datasets.Source, batch int) *Evaluator {
	return &Evaluator{net: m.NewNet(batch), x: make([]float32, batch*source.Shape().Size()), y: make([]int32, batch)}
}

// Score returns the summed loss of weights w over the examples that index names, at most as many as the evaluator takes.
// It writes to ranks, for each of them, how many classes were preferred to the right one: 0 for a right answer.
func (e *Evaluator) Score(w []float32, source datasets.Source, index []int32, ranks []int32) (loss float64) {
	x, y := e.x[:len(index)*source.Shape().Size()], e.y[:len(index)]
	source.Fill(x, y, index)
	e.net.Bind(w, nil)
	loss, _ = e.net.Evaluate(x, y)
	e.net.Ranks(ranks, y)
	return loss
}
