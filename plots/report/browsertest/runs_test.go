package browsertest

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run is a run as the tests write it to disk.
type run struct {
	variant, label string
	order          int
	seed           int
	bits           float64 // of one message
	speed          float64 // of learning
}

const hostile = `</script><script>alert(1)</script> <b>"bold" & 'mad'`

// runs are three variants with two seeds each, and one with a single one.
func runs() []run {
	var all []run
	for i, v := range []run{
		{variant: "fedavg", label: "FedAvg (float32)", bits: 32e5, speed: 0.16},
		{variant: "quantised", label: "Quantised, 4 bit – α = 0.1", bits: 4e5, speed: 0.13},
		{variant: "sparse", label: "Sparse, 1 %", bits: 5e4, speed: 0.06},
		{variant: "evil", label: hostile, bits: 1e4, speed: 0.03},
	} {
		v.order = i
		for v.seed = 1; v.seed <= 2 && (v.seed == 1 || v.variant != "evil"); v.seed++ {
			all = append(all, v)
		}
	}
	return all
}

const rounds = 40

// accuracy is what a run measures after so many rounds.
func (r run) accuracy(round int) float64 {
	wobble := 0.015 * math.Sin(float64(round*(3+r.seed))+float64(r.order))
	return 0.1 + 0.8*(1-math.Exp(-r.speed*float64(round))) + wobble
}

// best is the best that a run measures.
func (r run) best() float64 {
	best := 0.0
	for i := 0; i <= rounds; i += 2 {
		best = max(best, r.accuracy(i))
	}
	return best
}

func (r run) dir(root string) string {
	return filepath.Join(root, fmt.Sprintf("%s-s%d", r.variant, r.seed))
}

// line is one line of rounds.jsonl; every second round is evaluated.
func (r run) line(round int) string {
	n := float64(round)
	sent := min(n, 1) // nothing in round 0
	row := map[string]float64{"round": n, "sim_time_s": n * (2 + r.bits/1e6), "clients": 10 * sent, "uplink_wire_bits": 10 * r.bits * sent, "downlink_wire_bits": 32e6 * sent,
		"uplink_wire_bits_cum": 10 * r.bits * n, "downlink_wire_bits_cum": 32e6 * n, "total_wire_bits_cum": (10*r.bits + 32e6) * n,
		"uplink_entropy_bits_cum": 9 * r.bits * n, "downlink_entropy_bits_cum": 32e6 * n, "local_loss": 2 / (1 + r.speed*n)}
	if round%2 == 0 {
		row["accuracy"], row["loss"] = r.accuracy(round), 2.3*math.Exp(-r.speed*n)
	}
	text, err := json.Marshal(row)
	if err != nil {
		panic(err)
	}
	return string(text) + "\n"
}

// write writes a run up to a round; result.json if it is the last.
func (r run) write(t *testing.T, root string, upTo int) {
	t.Helper()
	dir := r.dir(root)
	manifest, err := json.Marshal(map[string]any{"schema": 1, "experiment": "browser", "variant": r.variant, "label": r.label, "order": r.order, "seed": r.seed,
		"id": fmt.Sprintf("%064x", r.order*100+r.seed), "metric": "accuracy", "targets": []float64{0.5, 0.8}, "synthetic": true, "data": "made-up", "data_digest": "d1", "model": "none",
		"elements": 100000, "clients": 100, "rounds": rounds, "precision": "float32", "version": "0.0.0", "kernel": "portable", "host": "here", "axes": map[string]any{"codec.q.bits": r.bits / 1e5}})
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("schema = 1\nname = \"browser\"\nseed = %d\nrounds = %d\n[codec.q]\ntype = \"q\"\nbits = %g\n[uplink]\nchain = [\"q\"]\n[clients]\nlr = 0.1\n", r.seed, rounds, r.bits)
	var lines strings.Builder
	for i := range upTo + 1 {
		lines.WriteString(r.line(i))
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"manifest.json": string(manifest), "config.toml": config, "rounds.jsonl": lines.String()}
	if upTo == rounds {
		files["result.json"] = fmt.Sprintf(`{"digest":"%064x","rounds":%d,"metric":"accuracy","final":%g}`, r.order, rounds, r.accuracy(rounds))
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// writeSheet writes a contact sheet beside a run.
func (r run) writeSheet(t *testing.T, root string) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 300, 80))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{uint8(i % 251)}.Y
	}
	file, err := os.Create(filepath.Join(r.dir(root), "cases.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, img); err != nil {
		t.Fatal(err)
	}
}

// report writes the usual runs and returns the address of their page.
func report(t *testing.T) string {
	t.Helper()
	return reportOf(t, runs())
}

// reportOf writes runs and returns the address of their page.
func reportOf(t *testing.T, all []run) string {
	t.Helper()
	root := t.TempDir()
	for i, r := range all {
		r.write(t, root, rounds)
		if i == 0 {
			r.writeSheet(t, root)
		}
	}
	path := filepath.Join(root, "report.html")
	if out, err := exec.Command(flsim, "report", root, "-o", path).CombinedOutput(); err != nil {
		t.Fatalf("flsim report: %v\n%s", err, out)
	}
	return "file://" + path
}
