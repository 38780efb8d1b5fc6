package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"flsim/internal/tensor"
	"flsim/internal/weights"
	"flsim/sim"
	"flsim/sim/record"
)

// weightsFor reads the weights that an experiment starts from, nil if it draws them.
func weightsFor(e *Experiment, l tensor.Layout) ([]float32, error) {
	path := e.Model.Weights
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("model.weights: there is no file or folder %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("model.weights: %w", err)
	}
	read := weights.ReadFile
	if info.IsDir() {
		read = weightsOfRun
	}
	w, err := read(path, l)
	if err != nil {
		return nil, fmt.Errorf("model.weights: %w", err)
	}
	return w, nil
}

// weightsOfRun reads the final weights of a run's folder.
func weightsOfRun(dir string, l tensor.Layout) ([]float32, error) {
	have, w, err := FinalWeights(dir)
	if err != nil {
		return nil, err
	}
	if w, err = weights.Fit(l, have, w); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return w, nil
}

// FinalWeights returns the model that a finished run ended with and the names and shapes of its tensors. Errors name the
// folder.
func FinalWeights(dir string) (tensor.Layout, []float32, error) {
	switch _, err := record.ReadResult(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("%s is not the folder of a finished run", dir)
	case err != nil:
		return nil, nil, err
	}
	c, err := record.ReadCheckpoint(dir)
	if err != nil {
		return nil, nil, err
	}
	l, w, err := sim.CheckpointTensors(c)
	if errors.Is(err, record.ErrDamaged) {
		return nil, nil, fmt.Errorf("%s: %w; flsim run --force repeats the run", dir, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	return l, w, nil
}
