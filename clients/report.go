package clients

import (
	"math"

	"flsim/codecs"
)

// measure finds what is to be reported of the model that a task starts from: its mean loss over the client's examples
// with the term that weight decay stands for, in inference mode, without augmentation, summed batch by batch in the shard's order.
func (t *Trainer) measure(task *Task) (codecs.Report, error) {
	if !t.plan.Reports.Loss {
		return codecs.Report{}, nil
	}
	t.net.Bind(task.Received, nil)
	sum, batch := 0.0, t.plan.Training.BatchSize
	for from := 0; from < len(task.Shard); from += batch {
		index := task.Shard[from:min(from+batch, len(task.Shard))]
		x, y := t.x[:len(index)*t.plan.Train.Shape().Size()], t.y[:len(index)*t.plan.Model.Labels()]
		t.plan.Train.Fill(x, y, index)
		loss, _ := t.net.Evaluate(x, y)
		sum += loss
	}
	loss := sum/float64(len(task.Shard)) + t.plan.Training.Optimizer.Penalty(task.Received, t.plan.Model.Layout())
	if !(loss <= math.MaxFloat32) {
		return codecs.Report{}, &DivergedError{Round: task.Round, Client: task.Client, Loss: loss}
	}
	return codecs.Report{Loss: max(loss, 0)}, nil
}

// spread returns the largest less the smallest element of an update, 0 of one without elements.
func spread(u []float32) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range u {
		low, high = min(low, float64(x)), max(high, float64(x))
	}
	return max(0, min(high-low, math.MaxFloat32))
}
