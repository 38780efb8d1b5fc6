package volumes

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The choices and the bytes are part of every result that is obtained with them.
func TestGolden(t *testing.T) {
	p, _ := fakeProvider(8, 3, 2)
	var b strings.Builder
	for _, c := range []struct {
		shape   tensor.Shape
		extract string
	}{{slicesShape, "resize"}, {tensor.Shape{D: 8, H: 12, W: 16, C: 2}, "resize"}, {tensor.Shape{D: 8, H: 12, W: 16, C: 2}, "patch"}, {slicesShape, "patch"}} {
		data := mustOpen(t, p, options(t, c.shape, c.extract))
		b.WriteString(c.extract + " " + c.shape.String() + " " + data.Digest + " " + sumOf(data) + "\n")
	}
	if *update {
		if err := os.WriteFile("testdata/digests.golden", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/digests.golden")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%swant\n%s(-update writes them anew; results with volumes change with them)", b.String(), want)
	}
}

// sumOf returns the SHA-256 over all examples of a set.
func sumOf(data *datasets.Data) string {
	h := sha256.New()
	for _, s := range []datasets.Source{data.Train, data.Test} {
		x, y := read(s)
		binary.Write(h, binary.LittleEndian, x)
		binary.Write(h, binary.LittleEndian, y)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// read returns all examples of a source.
func read(s datasets.Source) (x []float32, y []int32) {
	index := make([]int32, s.Len())
	for i := range index {
		index[i] = int32(i)
	}
	x, y = make([]float32, len(index)*s.Shape().Size()), make([]int32, len(index)*s.Shape().Positions())
	s.Fill(x, y, index)
	return x, y
}

// Every example is cut out of its whole volume, told by Cases for those of the test set.
func TestExamplesTwin(t *testing.T) {
	p, _ := fakeProvider(6, 2, 2)
	for _, c := range []struct {
		shape   tensor.Shape
		extract string
	}{
		{slicesShape, "resize"}, {slicesShape, "patch"}, {tensor.Shape{D: 7, H: 9, W: 11, C: 2}, "resize"},
		{tensor.Shape{D: 7, H: 9, W: 11, C: 2}, "patch"}, {tensor.Shape{D: 40, H: 9, W: 50, C: 2}, "patch"}, {tensor.Shape{D: 3, H: 40, W: 40, C: 2}, "patch"},
	} {
		data := mustOpen(t, p, options(t, c.shape, c.extract))
		x, y := read(data.Test)
		at, e := 0, data.Test.(*examples)
		for i := range data.Cases.Len() {
			whole := data.Cases.Case(i)
			vx, vy := make([]float32, whole.Shape.Size()), make([]uint8, whole.Shape.Positions())
			data.Cases.Read(i, vx, vy)
			for ; at < e.Len() && e.set.names[e.Case(at)] == whole.Name; at++ {
				o := e.origins[at]
				for k := range c.shape.Positions() {
					from := (int(o.z)+k/c.shape.W/c.shape.H)*whole.Shape.H*whole.Shape.W + (int(o.y)+k/c.shape.W%c.shape.H)*whole.Shape.W + int(o.x) + k%c.shape.W
					to := at*c.shape.Positions() + k
					if y[to] != int32(vy[from]) || x[2*to] != vx[2*from] || x[2*to+1] != vx[2*from+1] {
						t.Fatalf("%s %v: voxel %d of example %d is not voxel %d of %s", c.extract, c.shape, k, at, from, whole.Name)
					}
				}
			}
		}
		if at != e.Len() {
			t.Errorf("%s %v: %d of %d examples belong to the cases in their order", c.extract, c.shape, at, e.Len())
		}
	}
}

func TestOpenTellsAboutCases(t *testing.T) {
	p, _ := fakeProvider(20, 4, 2)
	data := mustOpen(t, p, options(t, slicesShape, "resize"))
	if data.Cases.Len() != 4 || len(data.Sites) != 4 || !slices.Equal(data.Regions, []string{"WT", "TC", "ET"}) || !data.Synthetic || len(data.ClassNames) != 4 {
		t.Errorf("got %d test cases, sites %v, regions %v, classes %v", data.Cases.Len(), data.Sites, data.Regions, data.ClassNames)
	}
	train, test := data.Train.(datasets.Cased), data.Test.(datasets.Cased)
	sites, seen := make(map[int]bool), make(map[int]string)
	for i := range data.Cases.Len() {
		sites[data.Cases.Case(i).Site] = true
	}
	if len(sites) != 4 {
		t.Errorf("the test cases come from sites %v, want one of each", sites)
	}
	for what, s := range map[string]datasets.Cased{"train": train, "test": test} {
		for i := range s.Len() {
			c := s.Case(i)
			if part, known := seen[c]; known && part != what {
				t.Fatalf("case %d is in both parts", c)
			}
			if seen[c] = what; s.Site(i) != p.Cases[c].Site || s.Label(i) >= s.Classes() {
				t.Fatalf("example %d of case %d: site %d, label %d", i, c, s.Site(i), s.Label(i))
			}
		}
	}
	if note := data.Notes[len(data.Notes)-1]; !strings.Contains(note, "20 cases, of which 4") || !strings.Contains(note, "resized to 16x20x2") {
		t.Errorf("the note says %q", note)
	}
	p.Sites = nil
	if data := mustOpen(t, p, options(t, slicesShape, "resize")); data.Sites != nil || data.Cases.Case(0).Site != -1 || data.Train.(datasets.Sited).Site(0) != -1 {
		t.Error("a set without sites tells some")
	}
	opt := options(t, slicesShape, "resize")
	opt.Volumes.Cases, opt.Volumes.TestCases = 9, 0.5
	if data := mustOpen(t, p, opt); len(data.Train.(*examples).set.files) != 9 || data.Cases.Len() != 5 {
		t.Errorf("9 cases at most: %d, of which %d to test on", len(data.Train.(*examples).set.files), data.Cases.Len())
	}
}

// Of each case, all slices with tumour are used, and of the others what the share says.
func TestSlicesAreBalanced(t *testing.T) {
	p, _ := fakeProvider(5, 0, 2)
	for _, share := range []float64{1, 0.8, 0.5, 0.01} {
		for _, step := range []int{1, 3} {
			opt := options(t, slicesShape, "resize")
			opt.Volumes.Tumour, opt.Volumes.SliceStep = share, step
			data := mustOpen(t, p, opt)
			e, _ := data.Train.(*examples)
			with, without, have := make(map[int]int), make(map[int]int), make(map[int][2]int)
			for _, o := range e.origins {
				if int(o.z)%step != 0 {
					t.Fatalf("slice %d at a step of %d", o.z, step)
				}
				if f := e.set.files[o.k]; f.slices[o.z] > 0 {
					with[int(o.k)]++
				} else {
					without[int(o.k)]++
				}
			}
			for k := range with {
				n := have[k]
				for z := 0; z < len(e.set.files[k].slices); z += step {
					n[min(1, int(e.set.files[k].slices[z]))]++
				}
				want := min(n[0], int(math.Round(float64(n[1])*(1-share)/share)))
				if with[k] != n[1] || without[k] != want {
					t.Errorf("share %v, step %d: %d slices with tumour and %d without, want %d and %d", share, step, with[k], without[k], n[1], want)
				}
			}
		}
	}
}

// Patches lie inside, are drawn from the seed, and half of them have tumour in the middle.
func TestPatches(t *testing.T) {
	p, _ := fakeProvider(6, 0, 2)
	opt := options(t, tensor.Shape{D: 5, H: 7, W: 7, C: 2}, "patch")
	opt.Volumes.PerCase = 40
	data := mustOpen(t, p, opt)
	e, middle := data.Train.(*examples), 0
	_, y := read(e)
	n := opt.Shape.Positions()
	for i, o := range e.origins {
		f := e.set.files[o.k]
		if min(o.z, o.y, o.x) < 0 || int(o.z)+5 > f.shape.D || int(o.y)+7 > f.shape.H || int(o.x)+7 > f.shape.W {
			t.Fatalf("patch %v is not inside %v", o, f.shape)
		}
		if y[i*n+(2*7+3)*7+3] != 0 {
			middle++
		}
	}
	if e.Len() != 40*5 || middle < 100 || middle > 130 {
		t.Errorf("%d patches, %d with tumour in the middle", e.Len(), middle)
	}
	again := mustOpen(t, p, opt).Train.(*examples)
	opt.Seed = 2
	other := mustOpen(t, p, opt).Train.(*examples)
	if !slices.Equal(again.origins, e.origins) || slices.Equal(other.origins, e.origins) {
		t.Error("patches do not follow the seed")
	}
}

func TestTumourVoxelTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScan(t, 1)
		s.Brain[0] = true
		r := &recipe{modalities: []string{"a"}, regions: 3, patch: true, shape: tensor.Shape{H: 1, W: 1, C: 1}}
		p, err := r.prepare("x", s)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := os.MkdirTemp("", "volumes")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(folder)
		if err := p.write(folder+"/x", key{}); err != nil {
			t.Fatal(err)
		}
		f, err := open(folder+"/x", key{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, set := range p.y {
			if set == 0 {
				continue
			}
			if got, want := f.tumourVoxel(n), [3]int{i / p.shape.W / p.shape.H, i / p.shape.W % p.shape.H, i % p.shape.W}; got != want {
				t.Fatalf("voxel %d of the tumour is at %v, want %v", n, got, want)
			}
			n++
		}
	})
}

func TestOpenErrors(t *testing.T) {
	for say, spoil := range map[string]func(*Provider, *datasets.OpenOptions){
		"at least two cases": func(p *Provider, _ *datasets.OpenOptions) { p.Cases = p.Cases[:1] },
		"found 0":            func(p *Provider, _ *datasets.OpenOptions) { p.Cases = nil },
		"no slice of the cases to train on shows tumour": func(p *Provider, _ *datasets.OpenOptions) {
			scan := p.Scan
			p.Scan = func(i int) (*Scan, error) {
				s, err := scan(i)
				clear(s.Regions)
				return s, err
			}
		},
		"2 modalities": func(_ *Provider, o *datasets.OpenOptions) { o.Shape.C = 3 },
		"twice":        func(_ *Provider, o *datasets.OpenOptions) { o.Volumes.Modalities = []string{"t1", "t1"} },
		"is empty":     func(_ *Provider, o *datasets.OpenOptions) { o.Volumes.Modalities = []string{} },
		"1 to 1024":    func(_ *Provider, o *datasets.OpenOptions) { o.Shape.W = 1025 },
	} {
		p, _ := fakeProvider(3, 0, 2)
		opt := options(t, slicesShape, "resize")
		spoil(p, &opt)
		if _, err := Open(*p, opt); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("got %v, want an error that says %q", err, say)
		}
	}
	p, _ := fakeProvider(1, 0, 2)
	_, err := Open(*p, options(t, slicesShape, "resize"))
	var content *datasets.ContentError
	if !errors.As(err, &content) || !datasets.AtFault(err) {
		t.Errorf("one case is no *datasets.ContentError: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	p, _ := fakeProvider(3, 0, 4)
	data := mustOpen(t, p, datasets.OpenOptions{Cache: t.TempDir()})
	if got := data.Train.Shape(); got != (tensor.Shape{H: 128, W: 128, C: 4}) {
		t.Errorf("the shape is %v", got)
	}
}

// Fill is the training loop's reader.
func BenchmarkFill(b *testing.B) {
	p, _ := fakeProvider(6, 0, 4)
	p.Scan = func(i int) (*Scan, error) { return fakeScan(90, 96, 80, 4, rng.New(1, "benchmark", uint64(i))), nil }
	for _, c := range []struct {
		name, extract string
		shape         tensor.Shape
	}{
		{"slices-128", "resize", tensor.Shape{H: 128, W: 128, C: 4}}, {"slices-64", "resize", tensor.Shape{H: 64, W: 64, C: 4}},
		{"patches-64", "patch", tensor.Shape{D: 64, H: 64, W: 64, C: 4}}, {"patches-32", "patch", tensor.Shape{D: 32, H: 32, W: 32, C: 4}},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := mustOpen(b, p, datasets.OpenOptions{Cache: b.TempDir(), Shape: c.shape, Seed: 1, Volumes: datasets.Volumes{Extract: c.extract}})
			const batch = 4
			x, y := make([]float32, batch*c.shape.Size()), make([]int32, batch*c.shape.Positions())
			b.SetBytes(int64(4 * (len(x) + len(y))))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				n := int32(data.Train.Len())
				data.Train.Fill(x, y, []int32{int32(i) % n, int32(3*i) % n, int32(5*i) % n, int32(7*i) % n})
			}
		})
	}
}

// The cases of one patient go to one part of the set, and count as one where cases are divided.
func TestPatientsStayWhole(t *testing.T) {
	p, _ := fakeProvider(12, 2, 2)
	for i := range p.Cases {
		p.Cases[i].Patient = fmt.Sprint("patient ", i/3)
	}
	opt := options(t, slicesShape, "resize")
	opt.Volumes.TestCases = 0.5
	data := mustOpen(t, p, opt)
	if data.Cases.Len() != 6 || !strings.Contains(data.Notes[len(data.Notes)-1], "12 cases, of which 6") {
		t.Errorf("%d test cases; %q", data.Cases.Len(), data.Notes)
	}
	for _, s := range []datasets.Cased{data.Train.(datasets.Cased), data.Test.(datasets.Cased)} {
		every := make([]int32, s.Len())
		classes := make(map[int]int)
		for i := range every {
			every[i] = int32(i)
			if c := s.Case(i); c%3 != 0 {
				t.Fatalf("example %d is of case %d, which is nobody's first", i, c)
			} else if class, known := classes[c]; known && class != s.Label(i) {
				t.Fatalf("a patient has the labels %d and %d", class, s.Label(i))
			} else {
				classes[c] = s.Label(i)
			}
		}
		if n := datasets.CountCases(s, every); n != 2 {
			t.Errorf("%d patients, want 2", n)
		}
	}
	for i := range p.Cases {
		p.Cases[i].Patient = "one"
	}
	if _, err := Open(*p, opt); !datasets.AtFault(err) || !strings.Contains(err.Error(), "all 12 cases are of one patient") {
		t.Errorf("a single patient: %v", err)
	}
}
