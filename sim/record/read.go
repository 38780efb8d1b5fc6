package record

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Result is what result.json says of a finished run. Nothing in it depends on the machine, the hour, or the number of
// workers.
type Result struct {
	Digest    string   `json:"digest"`
	Rounds    int      `json:"rounds"`  // aggregations
	Stopped   string   `json:"stopped"` // what ended the run: "rounds", or the key of [stop]
	SimTime   float64  `json:"sim_time_s"`
	Precision string   `json:"precision"` // of local training
	Metric    string   `json:"metric"`
	Final     float64  `json:"final"`           // test metric after the last round
	Best      float64  `json:"best"`            // over all evaluations
	Area      float64  `json:"area"`            // under the test metric against simulated time, over the budget or the run's length; a mean
	Loss      float64  `json:"loss"`            // test loss after the last round
	Train     *float64 `json:"train,omitempty"` // training metric after the last round, if it was evaluated
	Uplink    Bits     `json:"uplink"`
	Down      Bits     `json:"downlink"`
	Targets   []Target `json:"targets,omitempty"`
}

// Target says what it cost to reach a metric value: the first evaluation at or above it.
type Target struct {
	Value   float64 `json:"value"`
	Reached bool    `json:"reached"`
	Round   int     `json:"round,omitempty"`
	SimTime float64 `json:"sim_time_s,omitempty"`
	Uplink  int64   `json:"uplink_wire_bits,omitempty"`
	Total   int64   `json:"total_wire_bits,omitempty"`
}

// Summarise makes a result, but for its digest and what ended the run, of the run's lines.
func Summarise(rows []Row, m *Manifest) *Result {
	last := rows[len(rows)-1]
	res := &Result{SimTime: last["sim_time_s"], Area: Area(rows, m.Metric, cmp.Or(m.Budget, last["sim_time_s"])), Metric: m.Metric, Precision: m.Precision,
		Uplink: last.bits("uplink_"), Down: last.bits("downlink_")}
	for _, v := range m.Targets {
		res.Targets = append(res.Targets, Target{Value: v})
	}
	for _, row := range rows {
		if row["round"] > 0 && row["clients"] > 0 {
			res.Rounds++
		}
		if v, ok := row[m.Metric]; ok {
			res.see(row, v)
		}
	}
	return res
}

func (res *Result) see(row Row, v float64) {
	res.Final, res.Loss = v, row["loss"]
	if train, ok := row["train_"+res.Metric]; ok {
		res.Train = &train
	}
	res.Best = max(res.Best, v)
	for i := range res.Targets {
		if t := &res.Targets[i]; !t.Reached && v >= t.Value {
			*t = Target{Value: t.Value, Reached: true, Round: int(row["round"]), SimTime: row["sim_time_s"],
				Uplink: int64(row["uplink_wire_bits_cum"]), Total: int64(row["total_wire_bits_cum"])}
		}
	}
}

func (row Row) bits(prefix string) Bits {
	return Bits{Wire: int64(row[prefix+"wire_bits_cum"]), Payload: int64(row[prefix+"payload_bits_cum"]),
		Side: int64(row[prefix+"side_bits_cum"]), Entropy: row[prefix+"entropy_bits_cum"], Paper: row[prefix+"paper_bits_cum"]}
}

// Run is a run that was read back from its directory.
type Run struct {
	Dir      string
	Manifest Manifest
	Rounds   []Row
	Result   *Result // nil unless the run is done
}

// ReadManifest reads manifest.json.
func ReadManifest(dir string) (*Manifest, error) {
	m := new(Manifest)
	if err := readJSON(filepath.Join(dir, ManifestFile), m); err != nil {
		return nil, err
	}
	return m, nil
}

// Open reads a run's directory.
func Open(dir string) (*Run, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	run := &Run{Dir: dir, Manifest: *m}
	path := filepath.Join(dir, RoundsFile)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// A line that a killed process left unfinished is not a line yet.
	data = data[:1+bytes.LastIndexByte(data, '\n')]
	if run.Rounds, err = parseRows(data, path); err != nil {
		return nil, err
	}
	res, err := ReadResult(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	run.Result = res
	return run, nil
}

// Verify checks a finished run's lines and final weights against the digest of its result. The error is ErrDamaged if
// they differ.
func (r *Run) Verify() error {
	c, err := ReadCheckpoint(r.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	lines, err := os.ReadFile(filepath.Join(r.Dir, RoundsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	digest := sha256.New()
	digest.Write(lines)
	if got := finalDigest(digest, c); got != r.Result.Digest {
		return fmt.Errorf("%w: %s and the final weights have digest %.8s, not the %.8s of %s", ErrDamaged, RoundsFile, got, r.Result.Digest, ResultFile)
	}
	return nil
}

// HasTransfers tells whether the run's transfers were recorded.
func (r *Run) HasTransfers() bool {
	_, err := os.Stat(filepath.Join(r.Dir, TransfersFile))
	return err == nil
}

// ReadResult reads result.json. The error is fs.ErrNotExist if the run is not done.
func ReadResult(dir string) (*Result, error) {
	res := new(Result)
	if err := readJSON(filepath.Join(dir, ResultFile), res); err != nil {
		return nil, err
	}
	return res, nil
}

// ReadCheckpoint reads checkpoint.bin. The error is fs.ErrNotExist if there is none.
func ReadCheckpoint(dir string) (*Checkpoint, error) {
	path := filepath.Join(dir, CheckpointFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := ParseCheckpoint(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %s: %v", ErrDamaged, path, err)
	}
	return nil
}

// Column returns a column over the lines that have it, beside those lines' rounds.
func (r *Run) Column(name string) (rounds, values []float64) {
	for _, row := range r.Rounds {
		if v, ok := row[name]; ok {
			rounds = append(rounds, row["round"])
			values = append(values, v)
		}
	}
	return rounds, values
}

// Pairs returns columns x and y over the lines that have both.
func (r *Run) Pairs(x, y string) (xs, ys []float64) {
	for _, row := range r.Rounds {
		xv, okx := row[x]
		yv, oky := row[y]
		if okx && oky {
			xs, ys = append(xs, xv), append(ys, yv)
		}
	}
	return xs, ys
}

// Find returns the directories at or below root that hold a run, in the order of their names.
func Find(root string) ([]string, error) {
	var dirs []string
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && d.Name() == ManifestFile {
			dirs = append(dirs, filepath.Dir(path))
		}
		return nil
	})
	return dirs, err
}

// FindID returns the directories of a folder of experiments that hold runs of an id, finished or not, in the order of
// their names.
func FindID(root, id string) ([]string, error) {
	experiments, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range experiments {
		runs, _ := os.ReadDir(filepath.Join(root, e.Name())) // of files and closed folders: none
		for _, r := range runs {
			dir := filepath.Join(root, e.Name(), r.Name())
			if !strings.HasSuffix(r.Name(), fmt.Sprintf("-%.8s", id)) {
				continue
			}
			if m, err := ReadManifest(dir); err == nil && m.ID == id {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs, nil
}
