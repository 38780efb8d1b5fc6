package configs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"flsim/clients"
	"flsim/codecs"
	_ "flsim/codecs/all" // every type of stage that a file may name
	"flsim/datasets"
	_ "flsim/datasets/all" // every data set that a file may name
	"flsim/internal/dist"
	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
	"flsim/internal/weights"
	"flsim/network"
	"flsim/sim"
	"flsim/sim/event"
	"flsim/sim/record"
	"flsim/sim/strategy"
)

// ResultsVersion is part of every run's id. It is raised whenever equal settings may give other numbers than before, so
// that results of different versions are never taken for each other.
const ResultsVersion = 3

// Builder turns runs into simulations. It keeps the data sets that were used last. It is used by one goroutine at a
// time.
type Builder struct {
	DataDir  string // where data sets are looked for
	CacheDir string // where prepared volumes are kept; empty is the default of datasets.OpenOptions
	Workers  int    // clients that train at once
	Keep     int    // data sets that are kept for further runs, besides those of runs under way; at least 1 is

	Progress func(datasets.Progress) // told how far the preparation of volumes has come; may be nil

	opened []openData // the one used last comes last
}

type openData struct {
	key  datasetKey
	data *datasets.Data
}

type datasetKey struct {
	set string
	opt datasets.OpenOptions
}

// Built is a run that is ready to start.
type Built struct {
	Sim       sim.Config
	Manifest  record.Manifest
	Labels    *datasets.Statistics // of the clients' shards
	Transfers bool                 // whether each transfer is to be recorded
}

// ContradictionError says that a run's settings contradict each other or the data, which only shows when it is wired.
type ContradictionError struct {
	Variant string
	Err     error
}

// Error names the variant.
func (e *ContradictionError) Error() string { return fmt.Sprintf("variant %q: %v", e.Variant, e.Err) }

// Unwrap returns what is wrong.
func (e *ContradictionError) Unwrap() error { return e.Err }

// Build wires a run. Missing or wrong data give the errors of package datasets; what else it refuses is a
// ContradictionError.
func (b *Builder) Build(run Run) (*Built, error) {
	e := run.Experiment
	data, err := b.open(e)
	if datasets.AtFault(err) {
		return nil, err
	}
	if err != nil {
		return nil, &ContradictionError{run.Variant, err}
	}
	out := &Built{Transfers: e.Output.Transfers}
	if err := out.build(e, data, b.Workers); err != nil {
		return nil, &ContradictionError{run.Variant, err}
	}
	out.describe(run, data)
	out.asBaseline(e)
	return out, nil
}

// OpenSet opens a data set at the default settings of a run.
func (b *Builder) OpenSet(name string) (*datasets.Data, error) {
	e := Default()
	e.Data.Set = name
	e.Data.complete()
	return b.open(e)
}

// open opens the data set of a run, or returns it if it was among the last ones opened.
func (b *Builder) open(e *Experiment) (*datasets.Data, error) {
	key, err := b.dataKey(e)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.opened, func(o openData) bool { return o.serves(key) })
	if i < 0 {
		for len(b.opened) >= max(b.Keep, 1) { // first let go of an old one
			b.opened = slices.Delete(b.opened, 0, 1)
		}
		opt := key.opt
		opt.Progress = b.Progress
		data, err := datasets.Open(key.set, opt)
		if err != nil {
			return nil, err
		}
		b.opened = append(b.opened, openData{key, data})
		return data, nil
	}
	found := b.opened[i]
	b.opened = append(slices.Delete(b.opened, i, i+1), found)
	return found.data, nil
}

// serves reports whether the open data are what the key asks for. Sets of images that are read from files are the same
// for all options.
func (o openData) serves(key datasetKey) bool {
	if !datasets.Is(key.set, datasets.Generated) && !datasets.Is(key.set, datasets.Volumetric) {
		return o.key.set == key.set
	}
	return reflect.DeepEqual(o.key, key)
}

func (b *Builder) dataKey(e *Experiment) (datasetKey, error) {
	key := datasetKey{set: e.Data.Set, opt: datasets.OpenOptions{Dir: b.DataDir, Cache: b.CacheDir, Train: e.Data.Train, Test: e.Data.Test,
		Volumes: e.Data.Volumes, Seed: e.Seeds.Data}}
	if e.Data.Shape == "" {
		return key, nil
	}
	shape, err := tensor.ParseShape(e.Data.Shape)
	key.opt.Shape = shape
	return key, err
}

// Describe returns the manifests of runs, each of which it builds for this once. Its error joins all that is wrong
// with the runs and their data, each complaint once.
func (b *Builder) Describe(runs []Run) ([]record.Manifest, error) {
	list := make([]record.Manifest, len(runs))
	var errs []error
	told := make(map[string]bool)
	for _, i := range b.byData(runs) {
		built, err := b.Build(runs[i])
		if err == nil {
			list[i] = built.Manifest
			continue
		}
		if !told[err.Error()] {
			told[err.Error()] = true
			errs = append(errs, err)
		}
	}
	return list, errors.Join(errs...)
}

// byData returns the places of the runs in an order in which those on the same data come together.
func (b *Builder) byData(runs []Run) []int {
	first := make(map[string]int)
	order := make([]int, len(runs))
	group := make([]int, len(runs))
	for i, r := range runs {
		order[i] = i
		key, err := b.dataKey(r.Experiment)
		if err != nil {
			continue // which Build reports
		}
		text := fmt.Sprint(key)
		if _, known := first[text]; !known {
			first[text] = i
		}
		group[i] = first[text]
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(group[i], group[j]) })
	return order
}

func (out *Built) build(e *Experiment, data *datasets.Data, workers int) error {
	model, err := modelFor(e, data)
	if err != nil {
		return err
	}
	if e.precision() == f32.BFloat16 && f32.BF16() == "" {
		return fmt.Errorf("clients.precision = %q needs a processor with AVX512-BF16 and the kernel avx512; here the kernel is %s and only float32 is possible",
			e.Clients.Precision, f32.Kernel())
	}
	start, err := weightsFor(e, model.Layout())
	if err != nil {
		return err
	}
	seeds := clients.Seeds{Data: e.Seeds.Data, Model: e.Seeds.Model, System: e.Seeds.System, Codec: e.Seeds.Codec}
	out.Sim = sim.Config{
		Rounds: e.Rounds, Stop: e.Stop.limits(), Seeds: seeds, Model: model, Weights: start, Training: e.training(), Optimizer: e.Server.optimizer(),
		Devices: e.Clients.devices(seeds.System), Strategy: strategy.Sync{PerRound: e.Clients.PerRound, Seed: seeds.System},
		Links: func(client, round int) network.Link {
			return e.Network.Link(seeds.System, client, round, model.Layout().Len())
		},
		Server: e.Network.Server(), Metric: metricOf(data), EvalEvery: e.Eval.Every, TrainExamples: e.Eval.TrainExamples, Top5: e.Eval.Top5, Received: e.Eval.Received,
		PerSite: e.Eval.PerSite, HD95: e.Eval.HD95, Workers: workers,
	}
	if out.Sim.Uplink.Codec, err = chain(e.UplinkStages(), e.Uplink.Skip); err != nil {
		return fmt.Errorf("uplink: %w", err)
	}
	out.Sim.Uplink.Feedback = e.Uplink.ErrorFeedback
	if out.Sim.Downlink.Codec, err = chain(e.DownlinkStages(), e.Downlink.Skip); err != nil {
		return fmt.Errorf("downlink: %w", err)
	}
	out.Sim.Downlink.Delta = e.Downlink.Reference == "last"
	if out.Sim.Training.Augment, err = e.Data.Augment.For(data); err != nil {
		return fmt.Errorf("data.%w", err)
	}
	return out.divide(e, data)
}

// divide draws the examples that are used, holds some out for validation and gives the others to the clients.
func (out *Built) divide(e *Experiment, data *datasets.Data) error {
	held := *data
	if n := e.Data.Examples; n > 0 {
		if all := data.Train.Len(); n > all {
			return fmt.Errorf("data.examples = %d, but data set %s has %d to train on", n, e.Data.Set, all)
		}
		held.Train = datasets.Sample(data.Train, n, rng.New(e.Seeds.Data, "examples"))
	}
	if e.Data.Validation > 0 {
		var err error
		held.Train, out.Sim.HeldOut, err = datasets.HoldOut(held.Train, e.Data.Validation, rng.New(e.Seeds.Data, "validation"))
		if err != nil {
			return err
		}
	}
	if held.Train.Len() == 0 {
		return fmt.Errorf("data.validation = %v leaves no example to train on", e.Data.Validation)
	}
	if e.Data.Validation > 0 && out.Sim.HeldOut.Len() == 0 {
		return fmt.Errorf("data.validation = %v holds out no example: the share is taken of each class, rounded", e.Data.Validation)
	}
	shards, err := e.Data.Partition.Split(held.Train, e.Clients.Count, rng.New(e.Seeds.Data, "partition"))
	if err != nil {
		return err
	}
	out.Sim.Data, out.Sim.Shards, out.Labels = &held, shards, datasets.Stats(held.Train, shards)
	if e.Eval.PerClient {
		out.Sim.LocalTests = datasets.SplitLike(held.Test, out.Labels.Counts, rng.New(e.Seeds.Data, "local tests"))
	}
	return nil
}

// chain builds a codec of stages.
func chain(stages []Stage, skip []string) (codecs.Codec, error) {
	var kinds []tensor.Kind
	for _, name := range skip {
		kind, err := tensor.ParseKind(name)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, kind)
	}
	var built []any
	for _, s := range stages {
		stage, err := s.Settings.Stage()
		if err != nil {
			return nil, fmt.Errorf("codec %q: %w", s.Name, err)
		}
		built = append(built, stage)
	}
	return codecs.New(kinds, built...)
}

func (out *Built) describe(run Run, data *datasets.Data) {
	e, layout := run.Experiment, out.Sim.Model.Layout()
	id := sha256.New()
	fmt.Fprintf(id, "results version %d\ndata %s\n", ResultsVersion, data.Digest)
	if e.precision() == f32.BFloat16 {
		fmt.Fprintf(id, "arithmetic %s\n", f32.BF16()) // its bits are its own
	}
	digest := ""
	if out.Sim.Weights != nil {
		digest = weights.Digest(out.Sim.Weights)
		fmt.Fprintf(id, "weights %s\n", digest)
	}
	if e.Eval.PerSite && !datasets.Is(e.Data.Set, datasets.Generated) {
		fmt.Fprintf(id, "sites %q\n", data.Sites) // columns are called by them; those of a generated set follow from its settings
	}
	id.Write(e.Canonical())
	out.Manifest = record.Manifest{
		Schema: Schema, Experiment: e.Name, Variant: run.Variant, Label: run.Label, Order: run.Order, Axes: run.axes(), Seed: run.Seed,
		ID: hex.EncodeToString(id.Sum(nil)), Metric: metricOf(data), Regions: data.Regions, Targets: e.Eval.Targets,
		Synthetic: data.Synthetic, Data: data.Name, DataDigest: data.Digest, DataNotes: data.Notes,
		Model: e.Model.Name, Parameters: layout.Trainable(), Elements: layout.Len(), Weights: digest,
		Uplink:   run.words(e.UplinkStages(), e.Uplink.ErrorFeedback, "error feedback"),
		Downlink: run.words(e.DownlinkStages(), e.Downlink.Reference == "last", "change since the last model"),
		Clients:  e.Clients.Count, Rounds: e.Rounds, Budget: float64(e.Stop.SimTime), Precision: e.Clients.Precision,
	}
}

// axes returns the run's axes for its manifest, nil if it has none.
func (r Run) axes() record.Axes {
	if len(r.Axes) == 0 {
		return nil
	}
	m := make(record.Axes)
	for _, a := range r.Axes {
		m[a.Key] = a.Value
	}
	return m
}

func (e *Experiment) training() clients.Training {
	c := &e.Clients
	return clients.Training{Epochs: c.LocalEpochs, Steps: c.LocalSteps, BatchSize: c.BatchSize, Optimizer: c.OptimizerConfig,
		LRPerRound: c.LRPerRound, LRPerStep: c.LRPerStep, Precision: e.precision(), Keep: c.Keep, Validation: c.ValidationShare}
}

func (e *Experiment) precision() f32.Precision {
	if e.Clients.Precision == f32.BFloat16.String() {
		return f32.BFloat16
	}
	return f32.Float32
}

// devices returns how long a client computes in a round.
func (c *Clients) devices(seed uint64) func(client, round int) clients.Device {
	train := dist.Redrawn{Mean: c.PerCase, RSD: c.PerCaseRSD, Floor: c.Floor}
	validate := dist.Redrawn{Mean: c.Validation, RSD: c.ValidationRSD, Floor: c.Floor}
	return func(client, round int) clients.Device {
		if c.PerCase == (dist.Dist{}) {
			return clients.Device{GFlops: clients.Speed(c.GFlops, c.Jitter, seed, client, round)}
		}
		return clients.Device{Train: train.Draw(seed, "training seconds", client, round),
			Validate: validate.Draw(seed, "validation seconds", client, round)}
	}
}

func (s Stop) limits() sim.Stop {
	return sim.Stop{SimTime: event.Seconds(float64(s.SimTime)), Uplink: bitsOf(s.Uplink), Total: bitsOf(s.Total), Target: s.Target}
}

// bitsOf returns the bits of so many Mbit, rounded up where a number means no whole ones.
func bitsOf(mbit float64) int64 {
	bits := math.Round(mbit * 1e6)
	if bits/1e6 < mbit {
		bits++
	}
	return int64(min(bits, 1<<62))
}
