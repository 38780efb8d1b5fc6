// Package sim plays federated learning on a simulated clock: it moves bytes and time.
//
// One loop takes events in order of simulated time. The server encodes the model, the network carries the bytes,
// clients decode, train and encode, the server aggregates and evaluates. Training runs on a pool of workers ahead of
// the clock; what comes out is bit-identical for any number of them.
package sim

import (
	"flsim/clients"
	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/datasets"
	"flsim/network"
	"flsim/sim/record"
	"flsim/sim/strategy"
)

// Config is everything that determines a run, but for Workers, which determines only how fast it is.
type Config struct {
	Rounds        int
	Stop          Stop
	Mode          Mode // of a baseline: links without limit or latency, both codecs plain, and an optimizer that averages
	Seeds         clients.Seeds
	Model         *nn.Model
	Weights       []float32 // to start from, in the model's layout; nil to draw them
	Data          *datasets.Data
	HeldOut       datasets.Source // validation examples, nil for none
	Shards        [][]int32       // examples of Data.Train by client; clients without any are never sampled
	Training      clients.Training
	Devices       func(client, round int) clients.Device
	Links         func(client, round int) network.Link
	Server        network.Link // the server's own link, which all transfers share
	Strategy      strategy.Strategy
	Uplink        codecs.Sender
	Downlink      Downlink
	Optimizer     nn.OptimizerConfig // of the server; SGD with learning rate 1 is plain averaging
	Metric        string             // name of the evaluation metric's column
	EvalEvery     int                // rounds between evaluations; the first and the last state are always evaluated
	TrainExamples int                // size of the sample of training examples that is evaluated; 0 for none
	Top5          bool               // whether top-5 accuracy is recorded too
	Received      bool               // whether the model that clients receive is scored too
	LocalTests    [][]int32          // examples of Data.Test by client, to score the model on each; nil for none
	PerSite       bool               // whether the metric of a segmentation is recorded by site too
	HD95          bool               // whether the surfaces of a segmentation are compared too
	Workers       int                // clients that train at once; at least 1
}

// Downlink says how the model travels to the clients.
type Downlink struct {
	Codec codecs.Codec
	// Delta sends the change since the model that up-to-date clients hold. A client that missed messages receives
	// all that it missed, or the whole model as float32 where that is shorter.
	Delta bool
}

// Recorder takes down what happens. record.Store is one.
type Recorder interface {
	Round(*record.Round) error
	Transfer(*record.Transfer) error
	Checkpoint(*record.Checkpoint) error
}

// Discard is a Recorder that keeps nothing.
type Discard struct{}

// Round does nothing.
func (Discard) Round(*record.Round) error { return nil }

// Transfer does nothing.
func (Discard) Transfer(*record.Transfer) error { return nil }

// Checkpoint does nothing.
func (Discard) Checkpoint(*record.Checkpoint) error { return nil }
