// Package record keeps what a run leaves on disk, and reads it back.
//
// A run has a directory of its own: config.toml (resolved), manifest.json, rounds.jsonl, optionally transfers.jsonl,
// checkpoint.bin, and result.json, written last and by rename: its presence alone means done. A file named lock keeps
// two processes from playing one run.
package record

// Manifest says what a run is. Nothing in it but Version, Kernel and Host depends on the machine or the hour.
type Manifest struct {
	Schema     int       `json:"schema"`
	Experiment string    `json:"experiment"`        // the file's name key
	Variant    string    `json:"variant"`           // NAME of [variant.NAME]
	Label      string    `json:"label"`             // what legends call the curve
	Order      int       `json:"order"`             // place of the curve in the file; curves keep their colour by it
	Axes       Axes      `json:"axes,omitempty"`    // what a sweep varies, but for the seed
	Seed       uint64    `json:"seed"`              // the run's seed
	ID         string    `json:"id"`                // SHA-256 of what determines the results, hexadecimal
	Metric     string    `json:"metric"`            // name of the evaluation metric's column, such as "accuracy"
	Regions    []string  `json:"regions,omitempty"` // what a segmentation marks
	Targets    []float64 `json:"targets,omitempty"` // metric values whose cost is of interest
	Synthetic  bool      `json:"synthetic"`         // the data were generated
	Data       string    `json:"data"`              // name of the data set
	DataDigest string    `json:"data_digest"`
	DataNotes  []string  `json:"data_notes,omitempty"`
	Model      string    `json:"model"`
	Parameters int       `json:"parameters"`               // trainable
	Elements   int       `json:"elements"`                 // of the exchanged vector, buffers included
	Weights    string    `json:"weights_digest,omitempty"` // of the weights that the run starts from; empty where they are drawn
	Uplink     string    `json:"uplink"`                   // the chain in words
	Downlink   string    `json:"downlink"`
	Clients    int       `json:"clients"`
	Rounds     int       `json:"rounds"`
	Budget     float64   `json:"sim_time_budget_s,omitempty"` // at which the run ends; 0 for none
	Precision  string    `json:"precision"`                   // of local training
	Version    string    `json:"version"`                     // of flsim
	Kernel     string    `json:"kernel"`                      // of the training arithmetic
	Host       string    `json:"host,omitempty"`
}

// Axes holds the values of swept keys: numbers (float64), truth values and strings; lists and tables as TOML text.
type Axes map[string]any

// Bits counts bits of one direction. All are sums over messages of all clients.
type Bits struct {
	Wire    int64   `json:"wire_bits"`    // 8 x length of the frames
	Payload int64   `json:"payload_bits"` // 8 x length without the frames
	Side    int64   `json:"side_bits"`    // scales, bounds, seeds, headers
	Entropy float64 `json:"entropy_bits"` // zero-order entropy of the symbols + side data
	Paper   float64 `json:"paper_bits"`   // the authors' own formula; 0 where there is none
}

// Add adds b to the receiver.
func (a *Bits) Add(b Bits) {
	a.Wire += b.Wire
	a.Payload += b.Payload
	a.Side += b.Side
	a.Entropy += b.Entropy
	a.Paper += b.Paper
}
