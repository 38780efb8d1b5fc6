package nn

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"flsim/internal/f32"
	"flsim/internal/tensor"
)

// Training gives the same weights, bit for bit, whatever the processor: with every kernel that this one offers, their
// hashes are those of testdata/weights.golden.

var (
	update = flag.Bool("update", false, "rewrite testdata/weights.golden with what the kernel in use computes")
	full   = flag.Bool("full", false, "compare the native kernels at full batch sizes too")
)

// hashAt are the numbers of steps after which weights are compared; -short stops at the first.
var hashAt = []int{5, 50}

// trained is a network whose weights are hashed while it trains.
type trained struct {
	model string
	in    tensor.Shape
	batch int // at full size
}

var smallBatches = []trained{
	{"lenet5", cifarShape, 4}, {"tf-cnn", cifarShape, 4}, {"resnet8-gn", cifarShape, 4}, {"unet2d", tensor.Shape{H: 16, W: 16, C: 4}, 2},
}

var fullBatches = []trained{
	{"mlp", mnistShape, 10}, {"lenet5", cifarShape, 10}, {"tf-cnn", cifarShape, 50}, {"mcmahan-cnn", cifarShape, 50}, {"resnet8-gn", cifarShape, 32},
}

func TestTrainingHasTheSameBits(t *testing.T) {
	for _, c := range smallBatches {
		t.Run(c.model, func(t *testing.T) { compareKernels(t, c, f32.Kernels()) })
	}
}

func TestFullBatchesHaveTheSameBits(t *testing.T) {
	if !*full {
		t.Skip("takes -full")
	}
	for _, c := range fullBatches {
		t.Run(c.model, func(t *testing.T) { compareKernels(t, c, f32.Kernels()[1:]) })
	}
}

// compareKernels trains with each kernel: that in use here, others in a process of their own.
func compareKernels(t *testing.T, c trained, kernels []string) {
	for _, kernel := range kernels {
		t.Run(kernel, func(t *testing.T) {
			if kernel != f32.Kernel() {
				if !*update {
					t.Parallel()
					runAgain(t, kernel)
				}
				return
			}
			c.train(t, func(steps int, hash string) {
				compareHash(t, fmt.Sprintf("%s, batch %d, %d steps", c.model, c.batch, steps), hash)
			})
		})
	}
}

// runAgain runs the test under way with another kernel.
func runAgain(t *testing.T, kernel string) {
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.Command(os.Args[0], "-test.run", pattern, "-test.short="+fmt.Sprint(testing.Short()), "-full="+fmt.Sprint(*full))
	cmd.Env = append(os.Environ(), "FLSIM_KERNEL="+kernel)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// train takes steps of plain SGD and hands out the hash of the weights where hashAt says.
func (c trained) train(t *testing.T, report func(steps int, hash string)) {
	m, labels := c.build(t)
	w, g := c.start(m), make([]float32, m.Layout().Len())
	net, opt := m.NewNet(c.batch), NewOptimizer(DefaultOptimizerConfig(), m.Layout())
	net.Bind(w, g)
	x, y := make([]float32, c.batch*c.in.Size()), make([]int32, c.batch*m.Labels())
	step := 0
	for _, until := range hashAt {
		for ; step < until; step++ {
			fill(x, 1000+uint64(step), 0, 1.7)
			for i := range y {
				y[i] = int32((7*step + 3*i) % labels)
			}
			if loss, _ := net.Train(x, y, nil); math.IsNaN(loss) {
				t.Fatalf("%s: step %d lost the numbers", c.model, step)
			}
			opt.Step(w, g, 0.01)
		}
		report(step, hash(t, w))
		if testing.Short() {
			return
		}
	}
}

// build returns the model and how many values a label has.
func (c trained) build(t *testing.T) (m *Model, labels int) {
	cfg := DefaultConfig()
	cfg.Name = c.model
	return anyModel(t, cfg, c.in)
}

// start returns weights by the same generator on every architecture.
func (c trained) start(m *Model) []float32 {
	w := make([]float32, m.Layout().Len())
	for i, s := range m.Layout() {
		fill(s.Of(w), uint64(i), m.rules[i].constant, max(m.rules[i].bound, 0.1))
	}
	return w
}

func hash(t *testing.T, w []float32) string {
	h := sha256.New()
	if err := binary.Write(h, binary.LittleEndian, w); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// compareHash compares with the golden line of that name, or writes it.
func compareHash(t *testing.T, name, hash string) {
	t.Helper()
	file := filepath.Join("testdata", "weights.golden")
	text, _ := os.ReadFile(file)
	prefix := name + ": "
	var lines []string
	for line := range strings.Lines(string(text)) {
		if want, found := strings.CutPrefix(line, prefix); !found {
			lines = append(lines, line)
		} else if want == hash+"\n" {
			return
		}
	}
	if !*update {
		t.Errorf("%s: hash %s is not that of %s", name, hash, file)
		return
	}
	lines = append(lines, prefix+hash+"\n")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}
