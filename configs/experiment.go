package configs

import (
	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/datasets"
	"flsim/internal/dist"
	"flsim/internal/f32"
	"flsim/network"
)

// Schema is the version of the files that Load reads.
const Schema = 1

// Experiment is one run's settings, checked and complete: nothing is left to be defaulted. Its fields and their tags
// define the file format; docs/config.md is made from them.
type Experiment struct {
	Schema   int            `toml:"schema" one:"1" required:"true" doc:"Version of the file format."`
	Name     string         `toml:"name" required:"true" doc:"Name of the experiment and of its folder of results."`
	Rounds   int            `toml:"rounds" in:"[1,1000000]" required:"true" doc:"Number of aggregations."`
	Seed     uint64         `toml:"seed" in:"[0,]" doc:"Seed of every random stream."`
	Preset   string         `toml:"preset" one:"fets" doc:"Named set of timings that stands in for keys which the file does not give; see presets below."` // empty once a file has been read
	Seeds    Seeds          `toml:"seeds" doc:"Seeds of single streams, where they shall differ from seed."`
	Data     Data           `toml:"data" doc:"The examples and their division among the clients."`
	Model    Model          `toml:"model" doc:"The network that is trained."`
	Clients  Clients        `toml:"clients" doc:"The participants and their local training."`
	Network  network.Config `toml:"network" doc:"The links between clients and server."`
	Server   Server         `toml:"server" doc:"What the server does with the mean of the updates."`
	Codec    []Stage        `toml:"-"` // the stages that the chains use, uplink first, each once
	Uplink   Uplink         `toml:"uplink" doc:"How clients send their updates."`
	Downlink Downlink       `toml:"downlink" doc:"How the server sends the model."`
	Eval     Eval           `toml:"eval" doc:"When and on what the model is evaluated."`
	Stop     Stop           `toml:"stop" doc:"What ends a run before its last round."`
	Output   Output         `toml:"output" doc:"Where results go."`
}

// Seeds holds the seeds of the four kinds of random streams. One that is not given equals the experiment's seed.
type Seeds struct {
	Data   uint64 `toml:"data" in:"[0,]" default:"seed" doc:"Synthetic images and scans, test cases, slices and patches of volumes, partition, held-out and local test examples, order of the batches and augmentation."`
	Model  uint64 `toml:"model" in:"[0,]" default:"seed" doc:"Initial weights and dropout."`
	System uint64 `toml:"system" in:"[0,]" default:"seed" doc:"Speeds of devices and links, and who is sampled."`
	Codec  uint64 `toml:"codec" in:"[0,]" default:"seed" doc:"Random masks and stochastic rounding."`
}

// Data says which examples are used and how they are divided among the clients.
type Data struct {
	Set string `toml:"set" required:"true" doc:"Name of the data set."`
	datasets.Partition
	datasets.Augment
	Examples   int     `toml:"examples" in:"[1,]" default:"all" doc:"Number of training examples that are used, drawn at random."`
	Validation float64 `toml:"validation" in:"[0,0.5]" doc:"Share of the training examples that is held out of training and evaluated beside the test set."`
	Shape      string  `toml:"shape" default:"\"32x32x3\", for volumes \"128x128xC\"" doc:"Shape of an example. Synthetic images: 32x32x3 or 28x28x1. Sets of volumes: height x width x modalities for axial slices, depth x height x width x modalities for volumes."`
	Train      int     `toml:"train" in:"[10,1000000]" default:"10000" doc:"Number of training examples; synthetic images only."`
	Test       int     `toml:"test" in:"[10,1000000]" default:"2000" doc:"Number of test examples; synthetic images only."`
	datasets.Volumes
}

// Model says which network is trained, and what it starts from.
type Model struct {
	nn.Config
	Weights string `toml:"weights" default:"none" doc:"File (.npz or safetensors), or folder of a finished run, with the weights to start from in place of drawn ones; see docs/export.md."`
}

// Clients describes the participants and how they train.
type Clients struct {
	Mode        string `toml:"mode" one:"federated|centralised|local" default:"federated" doc:"What takes part: federated learning, or a baseline without messages. centralised trains one model on all examples in one place; local lets every client train a model of its own, and records the mean of their scores."`
	Count       int    `toml:"count" in:"[1,1000000]" required:"true" doc:"Number of clients."`
	PerRound    int    `toml:"per_round" in:"[1,1000000]" default:"10, or count if that is less" doc:"Number of clients that are sampled for a round."`
	LocalEpochs int    `toml:"local_epochs" in:"[1,10000]" default:"1" doc:"Passes over its examples that a client trains per round. Give this or local_steps."`
	LocalSteps  int    `toml:"local_steps" in:"[1,10000000]" doc:"Optimizer steps that a client trains per round, whatever its number of examples. Give this or local_epochs."`
	BatchSize   int    `toml:"batch_size" in:"[1,65536]" doc:"Examples per optimizer step."`

	nn.OptimizerConfig
	Precision  string            `toml:"precision" one:"float32|bf16" doc:"Operands of matrix products and convolutions in local training. bf16 rounds them to bfloat16 and sums in float32; weights stay float32, and so does evaluation. It needs a processor with AVX512-BF16."`
	LRPerRound nn.ScheduleConfig `toml:"lr_per_round" doc:"Factor on the learning rate, round by round."`
	LRPerStep  nn.ScheduleConfig `toml:"lr_per_step" doc:"Factor on the learning rate, step by step of one round's local training."`

	Keep   bool      `toml:"keep_optimizer" doc:"Whether a client's optimizer keeps its state, such as momentum, from one of its rounds to the next, or starts afresh. Each client's state is as large as the model, or twice as large, in memory and in checkpoints."`
	GFlops dist.Dist `toml:"gflops" in:"(0,]" unit:"GFLOP/s" required:"true" doc:"Speed of a client's device, drawn once per client. Give this or seconds_per_case."`
	Jitter float64   `toml:"jitter" in:"[0,3]" doc:"Sigma of a lognormal factor of median 1 on every round's training time; 0 means none. For gflops only."`

	PerCase         dist.Dist `toml:"seconds_per_case" in:"(0,]" unit:"s" doc:"In place of gflops: how long a device trains on one case, once, on average; drawn once per client. A case is a patient where examples are parts of patients, else an example."`
	PerCaseRSD      dist.Dist `toml:"seconds_per_case_rsd" in:"(0,2]" doc:"Standard deviation of seconds_per_case over the rounds as a share of the client's mean, drawn once per client; every round draws anew. None if not given."`
	Validation      dist.Dist `toml:"validation_seconds_per_case" in:"(0,]" unit:"s" doc:"The same for scoring the model on one case without training."`
	ValidationRSD   dist.Dist `toml:"validation_seconds_per_case_rsd" in:"(0,2]" doc:"The same of validation_seconds_per_case."`
	ValidationShare float64   `toml:"validation_share" in:"(0,10]" doc:"Cases that a client validates the received model on, and after training its own, as a share of the cases it trains on. It costs simulated time and changes nothing else. None if not given."`
	Floor           float64   `toml:"seconds_floor" in:"(0,1e9]" unit:"s" default:"1, or a tenth of the client's mean if that is less" doc:"Least value of a round's draw of seconds_per_case and validation_seconds_per_case."`
}

// Server describes the server's optimizer, whose gradient is the negative weighted mean of the clients' updates.
type Server struct {
	Optimizer string  `toml:"optimizer" one:"sgd|adam" doc:"Server optimizer; sgd with lr 1 is plain federated averaging."`
	LR        float64 `toml:"lr" in:"(0,1000]" doc:"Learning rate of the server."`
	Momentum  float64 `toml:"momentum" in:"[0,1)" doc:"Momentum of sgd."`
	Beta1     float64 `toml:"beta1" in:"[0,1)" doc:"Decay of adam's first moment."`
	Beta2     float64 `toml:"beta2" in:"[0,1)" doc:"Decay of adam's second moment."`
	Epsilon   float64 `toml:"epsilon" in:"(0,1]" doc:"What adam adds to the root of the second moment."`
}

func (s Server) optimizer() nn.OptimizerConfig {
	return nn.OptimizerConfig{Name: s.Optimizer, LR: s.LR, Momentum: s.Momentum, Beta1: s.Beta1, Beta2: s.Beta2, Epsilon: s.Epsilon}
}

// Stage is one named stage of a chain: a [codec.NAME] table, or a registered type at its defaults.
type Stage struct {
	Name     string
	Type     string
	Slot     codecs.Slot
	Settings codecs.Settings
}

// Uplink says how updates travel.
type Uplink struct {
	Chain         []string `toml:"chain" doc:"Names of the stages in the order transform, sparsifier, quantizer, entropy coder, each of which may be left out; [] is plain float32."`
	ErrorFeedback bool     `toml:"error_feedback" doc:"Whether a client adds to its next update what the codec lost of the last."`
	Skip          []string `toml:"skip" one:"weight|bias|norm" doc:"Kinds of tensors that bypass the chain and travel as float32; buffers always do."`
}

// Downlink says how the model travels.
type Downlink struct {
	Chain     []string `toml:"chain" doc:"As on the uplink."`
	Skip      []string `toml:"skip" one:"weight|bias|norm" doc:"As on the uplink."`
	Reference string   `toml:"reference" one:"none|last" doc:"What is encoded: the model itself (none), or its change since the model that the client received last (last)."`
}

// Eval says when the model is evaluated.
type Eval struct {
	Every         int       `toml:"every" in:"[1,]" unit:"rounds" doc:"Rounds between evaluations; round 0 and the last round are always evaluated."`
	Targets       []float64 `toml:"targets" in:"(0,1)" doc:"Values of the metric whose cost in bits and time is reported."`
	TrainExamples int       `toml:"train_examples" in:"[0,]" doc:"Number of training examples that the training metric is taken over; 0 leaves it out."`
	Top5          bool      `toml:"top5" doc:"Whether the share of test examples whose class is among the five best is recorded too."`
	Received      bool      `toml:"received" doc:"Whether the model that the round's clients received is scored too: with a coded downlink it is not the server's."`
	PerClient     bool      `toml:"per_client" doc:"Whether the model is scored on each client's own part of the test set, which has its mixture of labels; the mean over clients and that over the worst tenth are recorded."`
	PerSite       bool      `toml:"per_site" doc:"Whether the metric of a segmentation is recorded for the test cases of each site too."`
	HD95          bool      `toml:"hd95" doc:"Whether the 95th percentile of the distances between predicted and true surfaces is recorded for each region of a segmentation."`
}

// Stop says what ends a run before its last round. What is not given ends nothing.
type Stop struct {
	SimTime Span    `toml:"sim_time" in:"(0,inf]" doc:"Budget of simulated time. A round that ends later does not count: the run ends at the budget with the model as it was; inf means none."`
	Uplink  float64 `toml:"uplink_mbit" in:"(0,]" unit:"Mbit" doc:"Budget of uplink bits on the wire, all clients; the round that uses it up counts and is the last."`
	Total   float64 `toml:"total_mbit" in:"(0,]" unit:"Mbit" doc:"The same of uplink and downlink bits."`
	Target  float64 `toml:"target" in:"(0,1)" doc:"Value of the test metric; the first evaluation at or above it is the last."`
}

// Output says what is kept. It does not influence results.
type Output struct {
	Dir       string `toml:"dir" doc:"Folder of all runs; the option -o of the command wins."`
	Transfers bool   `toml:"transfers" doc:"Whether every transfer is recorded in transfers.jsonl."`
}

// Default returns an experiment that holds every default and lacks what is required.
func Default() *Experiment {
	e := &Experiment{Seed: 1}
	e.Data.Partition = datasets.DefaultPartition()
	e.Model.Config = nn.DefaultConfig()
	e.Clients.BatchSize, e.Clients.Precision = 32, f32.Float32.String()
	e.Clients.OptimizerConfig = nn.DefaultOptimizerConfig()
	e.Clients.LRPerRound = nn.DefaultScheduleConfig()
	e.Clients.LRPerStep = nn.DefaultScheduleConfig()
	e.Server = Server{Optimizer: "sgd", LR: 1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-3}
	e.Uplink = Uplink{Chain: []string{}}
	e.Downlink = Downlink{Chain: []string{}, Reference: "none"}
	e.Eval = Eval{Every: 1, TrainExamples: 5000}
	e.Output = Output{Dir: "runs"}
	return e
}

// UplinkStages returns the stages of the uplink's chain in order.
func (e *Experiment) UplinkStages() []Stage { return e.stages(e.Uplink.Chain) }

// DownlinkStages returns the stages of the downlink's chain in order.
func (e *Experiment) DownlinkStages() []Stage { return e.stages(e.Downlink.Chain) }

func (e *Experiment) stages(chain []string) []Stage {
	list := make([]Stage, len(chain))
	for i, name := range chain {
		for _, s := range e.Codec {
			if s.Name == name {
				list[i] = s
			}
		}
	}
	return list
}
