package record

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func round(n int, accuracy float64) *Round {
	r := &Round{Round: n, SimTime: 1.5 * float64(n), Clients: 2, Examples: 20, LocalLoss: 2.25,
		Uplink:    Bits{Wire: 800, Payload: 720, Side: 64, Entropy: 650.5, Paper: 700},
		UplinkSum: Bits{Wire: 800 * int64(n), Payload: 720 * int64(n), Side: 64 * int64(n), Entropy: 650.5 * float64(n), Paper: 700 * float64(n)},
		Downlink:  Bits{Wire: 1600}, DownlinkSum: Bits{Wire: 1600 * int64(n)}, NMSEUplink: 0.25, NMSEDownlink: math.NaN()}
	if accuracy >= 0 {
		r.Eval = &Evaluation{Metric: "accuracy", Test: accuracy, TestLoss: 1.5, Train: accuracy + 0.05, TrainLoss: 1.25, More: []Column{{"sparsity", 0.75}, {"forward_flops", 48}}}
	}
	return r
}

func TestRoundLine(t *testing.T) {
	got := string(round(2, 0.5).AppendJSON(nil))
	want := `{"round":2,"sim_time_s":3,"clients":2,"examples":20,"local_loss":2.25,` +
		`"uplink_wire_bits":800,"uplink_payload_bits":720,"uplink_side_bits":64,"uplink_entropy_bits":650.5,"uplink_paper_bits":700,` +
		`"downlink_wire_bits":1600,"downlink_payload_bits":0,"downlink_side_bits":0,"downlink_entropy_bits":0,"downlink_paper_bits":0,` +
		`"uplink_wire_bits_cum":1600,"uplink_payload_bits_cum":1440,"uplink_side_bits_cum":128,"uplink_entropy_bits_cum":1301,"uplink_paper_bits_cum":1400,` +
		`"downlink_wire_bits_cum":3200,"downlink_payload_bits_cum":0,"downlink_side_bits_cum":0,"downlink_entropy_bits_cum":0,"downlink_paper_bits_cum":0,` +
		`"total_wire_bits_cum":4800,"total_payload_bits_cum":1440,"total_side_bits_cum":128,"total_entropy_bits_cum":1301,"total_paper_bits_cum":1400,` +
		`"nmse_uplink":0.25,"accuracy":0.5,"loss":1.5,"train_accuracy":0.55,"train_loss":1.25,"sparsity":0.75,"forward_flops":48}`
	if got != want {
		t.Errorf("line:\n%s\nwant:\n%s", got, want)
	}
}

func TestNumbersReadBack(t *testing.T) {
	for _, v := range []float64{0, 1, -1, 0.1, 1e300, 1e-300, 1 << 53, 123456789012, math.Pi} {
		rows, err := parseRows(append(appendObject(nil, []Column{{"v", v}}), '\n'), "x")
		if err != nil || len(rows) != 1 || rows[0]["v"] != v {
			t.Errorf("%v reads back as %v, %v", v, rows, err)
		}
	}
}

func manifest() *Manifest {
	return &Manifest{Schema: 1, Experiment: "e", Variant: "v", Metric: "accuracy", Targets: []float64{0.4, 0.9}}
}

// play writes rounds from..to into a store, evaluating the even ones.
func play(t *testing.T, s *Store, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		accuracy := -1.0
		if n%2 == 0 {
			accuracy = 0.1 * float64(n)
		}
		if err := s.Transfer(&Transfer{Round: n, Client: 3, Direction: "uplink", Wire: 100}); err != nil {
			t.Fatal(err)
		}
		if err := s.Round(round(n, accuracy)); err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t *testing.T, s *Store) string {
	t.Helper()
	res := &Result{}
	final := &Checkpoint{Header: []byte(`{}`), Vectors: []Vector{{Name: "weights", Data: []float32{1, 2, 3}}}}
	if err := s.Finish(res, final); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return res.Digest
}

func TestResumedRunHasTheSameFiles(t *testing.T) {
	whole, cut := t.TempDir(), t.TempDir()
	s, err := Create(whole, manifest(), []byte("schema = 1\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, 0, 6)
	want := finish(t, s)

	if s, err = Create(cut, manifest(), []byte("schema = 1\n"), true); err != nil {
		t.Fatal(err)
	}
	play(t, s, 0, 5)
	if _, err := s.rounds.WriteString(`{"round":6,"sim_t`); err != nil { // killed in the middle of a line
		t.Fatal(err)
	}
	s.Close()
	if s, err = Resume(cut, 4, true); err != nil {
		t.Fatal(err)
	}
	play(t, s, 5, 6)
	if got := finish(t, s); got != want {
		t.Errorf("digest %s after resuming, %s undisturbed", got, want)
	}
	for _, name := range []string{RoundsFile, TransfersFile, ResultFile} {
		a, _ := os.ReadFile(filepath.Join(whole, name))
		b, _ := os.ReadFile(filepath.Join(cut, name))
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s differs:\n%s\n%s", name, a, b)
		}
	}
}

// What contradicts the checkpoint is not built upon.
func TestResumeRefusesDamagedLines(t *testing.T) {
	for name, damage := range map[string]func(lines []string) []string{
		"no lines":           func([]string) []string { return nil },
		"the first is lost":  func(l []string) []string { return l[1:] },
		"one is lost":        func(l []string) []string { return slices.Delete(l, 2, 3) },
		"one is there twice": func(l []string) []string { return slices.Insert(l, 2, l[2]) },
		"the last is lost":   func(l []string) []string { return l[:4] },
		"garbage":            func(l []string) []string { return slices.Insert(l, 1, "#") },
	} {
		dir := t.TempDir()
		s, err := Create(dir, manifest(), nil, false)
		if err != nil {
			t.Fatal(err)
		}
		play(t, s, 0, 4)
		s.Close()
		path := filepath.Join(dir, RoundsFile)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := damage(strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"))
		if err := os.WriteFile(path, []byte(strings.Join(append(lines, ""), "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Resume(dir, 4, false); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: resuming gives %v", name, err)
		}
	}
}

func TestLockIsExclusive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	release, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a locked directory is locked again with %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = Lock(dir)
	if err != nil {
		t.Fatalf("after its release: %v", err)
	}
	release()
}

// A twin that somebody repeats while it is taken over leaves no finished run behind.
func TestAdoptTakesOnlyWholeTwins(t *testing.T) {
	root := t.TempDir()
	from, to := filepath.Join(root, "from"), filepath.Join(root, "to")
	for _, dir := range []string{from, to} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Create(from, manifest(), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, 0, 4)
	if err := s.Finish(&Result{Rounds: 4}, &Checkpoint{}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	twin, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := Adopt(to, twin, manifest(), nil, false); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(from, RoundsFile), 0); err != nil {
		t.Fatal(err)
	}
	if err := Adopt(to, twin, manifest(), nil, false); !errors.Is(err, ErrDamaged) {
		t.Errorf("a twin without lines is taken over with %v", err)
	}
	if _, err := ReadResult(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the run counts as done: %v", err)
	}
}

func TestOpenReadsWhatStoreWrote(t *testing.T) {
	dir := t.TempDir()
	s, err := Create(dir, manifest(), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, 0, 4)
	if _, err := s.rounds.WriteString(`{"round":5`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.Result != nil || len(run.Rounds) != 5 {
		t.Errorf("result %v, %d rounds; want none and 5", run.Result, len(run.Rounds))
	}
	rounds, acc := run.Column("accuracy")
	if diff := cmp.Diff([]float64{0, 2, 4}, rounds); diff != "" || len(acc) != 3 {
		t.Errorf("evaluated rounds: %s, values %v", diff, acc)
	}
	if _, err := os.Stat(filepath.Join(dir, TransfersFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("transfers were recorded unasked: %v", err)
	}
	res := Summarise(run.Rounds, &run.Manifest)
	want := []Target{{Value: 0.4, Reached: true, Round: 4, SimTime: 6, Uplink: 3200, Total: 9600}, {Value: 0.9}}
	if diff := cmp.Diff(want, res.Targets); diff != "" {
		t.Errorf("targets: %s", diff)
	}
	if res.Final != 0.4 || res.Best != 0.4 || res.Rounds != 4 || res.Uplink.Wire != 3200 {
		t.Errorf("summary %+v", res)
	}
}

func TestCheckpointIsReadBackOrRefused(t *testing.T) {
	c := &Checkpoint{Header: []byte(`{"round":3}`), Vectors: []Vector{{"weights", []float32{1, -2.5, 3}}, {"empty", []float32{}}}}
	data, err := c.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseCheckpoint(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, back); diff != "" {
		t.Error(diff)
	}
	for n := range data {
		if _, err := ParseCheckpoint(data[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes it is accepted", n, len(data))
		}
		bad := bytes.Clone(data)
		bad[n] ^= 0x10
		if _, err := ParseCheckpoint(bad); err == nil {
			t.Errorf("with byte %d changed it is accepted", n)
		}
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	data, _ := (&Checkpoint{Header: []byte(`{}`), Vectors: []Vector{{"w", []float32{1}}}}).Bytes()
	f.Add(data)
	f.Add([]byte(checkpointMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := ParseCheckpoint(data); err == nil {
			if again, err := c.Bytes(); err != nil || len(again) == 0 {
				t.Errorf("what was read cannot be written: %v", err)
			}
		}
	})
}

func TestWriteFileLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for _, text := range []string{"one", "two"} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := os.ReadFile(path)
	entries, _ := os.ReadDir(dir)
	if string(got) != "two" || len(entries) != 1 {
		t.Errorf("content %q, %d entries", got, len(entries))
	}
	if err := WriteFile(filepath.Join(dir, "no", "x"), nil); err == nil || !strings.Contains(err.Error(), "no") {
		t.Errorf("a missing folder gives %v", err)
	}
}

func TestColumnNames(t *testing.T) {
	for name, want := range map[string]string{"WT": "dice_wt", "HGG": "dice_hgg", "TCIA 02-b": "dice_tcia_02_b", "Köln": "dice_k_ln"} {
		if got := ColumnFor("dice", name); got != want {
			t.Errorf("%q has column %q, want %q", name, got, want)
		}
	}
}
