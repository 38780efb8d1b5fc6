package brain

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"flsim/datasets"
	"flsim/datasets/volumes"
	"flsim/internal/tensor"
)

var update = flag.Bool("update", false, "write the golden files anew")

var small = [3]int{40, 44, 36}

func mustNew(t testing.TB, opt Options) *Set {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The scans are part of every result that is obtained with them: whoever changes them raises version.
func TestGolden(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d\n", version)
	for _, size := range [][3]int{small, {60, 60, 39}} {
		s := mustNew(t, Options{Seed: 1, Cases: 9, Sites: 4, Size: size})
		h := sha256.New()
		for i := range s.Len() {
			scan := s.Scan(i)
			binary.Write(h, binary.LittleEndian, scan.Channels[0])
			binary.Write(h, binary.LittleEndian, scan.Channels[1])
			binary.Write(h, binary.LittleEndian, scan.Channels[2])
			binary.Write(h, binary.LittleEndian, scan.Channels[3])
			binary.Write(h, binary.LittleEndian, scan.Brain)
			h.Write(scan.Regions)
		}
		fmt.Fprintf(&b, "%v %x\n", size, h.Sum(nil))
	}
	const file = "testdata/digests.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%swant\n%s(-update writes them anew)", b.String(), want)
	}
}

func TestCasesDoNotDependOnEachOther(t *testing.T) {
	few, many := mustNew(t, Options{Seed: 3, Cases: 2, Sites: 3, Size: small}), mustNew(t, Options{Seed: 3, Cases: 50, Sites: 3, Size: small})
	want := []*volumes.Scan{few.Scan(0), few.Scan(1)}
	var wg sync.WaitGroup
	for k := range 6 {
		wg.Go(func() {
			if got := many.Scan(k % 2); !reflect.DeepEqual(got, want[k%2]) {
				t.Errorf("case %d depends on the number of cases or on what else is generated", k%2)
			}
		})
	}
	wg.Wait()
	if reflect.DeepEqual(want[0].Channels, want[1].Channels) {
		t.Error("two cases are equal")
	}
	other := mustNew(t, Options{Seed: 4, Cases: 2, Sites: 3, Size: small})
	if reflect.DeepEqual(other.Scan(0).Regions, want[0].Regions) {
		t.Error("another seed gives the same tumour")
	}
}

func TestScansAreWellFormed(t *testing.T) {
	s := mustNew(t, Options{Seed: 5, Cases: 12, Sites: 5, Size: small})
	for i := range s.Len() {
		scan := s.Scan(i)
		if scan.Voxels() != len(scan.Brain) || scan.Site != i%5 || scan.Name != s.Name(i) || len(scan.Channels) != modalities {
			t.Fatalf("case %d is %s of site %d, %d voxels", i, scan.Name, scan.Site, scan.Voxels())
		}
		for k, in := range scan.Brain {
			if problem := faultOf(scan, k, in); problem != "" {
				t.Fatalf("case %d, voxel %d: %s", i, k, problem)
			}
		}
	}
}

// faultOf says what is wrong with a voxel.
func faultOf(s *volumes.Scan, k int, in bool) string {
	switch set := s.Regions[k]; {
	case set != 0 && !in:
		return "there is tumour outside of the brain"
	case set != 0 && set != 1 && set != 3 && set != 7:
		return fmt.Sprintf("regions %03b are not within one another", set)
	}
	for m, v := range s.Channels {
		if x := float64(v[k]); (x != 0) != in || x != math.Trunc(x) || math.Abs(x) > math.MaxInt16 {
			return fmt.Sprintf("%s is %v, and that it is brain is %v", datasets.Modalities[m], x, in)
		}
	}
	return ""
}

// Brains are as large as people's, and tumours as different as they say.
func TestPatientsDiffer(t *testing.T) {
	s := mustNew(t, Options{Seed: 1, Cases: 60, Sites: 6, Size: [3]int{48, 48, 31}})
	without, tiny, huge := 0, 0, 0
	mean := make([]float64, 6)
	for i := range s.Len() {
		scan := s.Scan(i)
		size := s.Volumes(scan)
		mean[scan.Site] += size[0] / 10
		if brain := float64(count(scan.Brain)) * 5 * 5 * 5 / 1000; brain < 1000 || brain > 2100 {
			t.Errorf("the brain of case %d has %.0f cm³", i, brain)
		}
		if size[0] < 1 || size[0] > 350 || size[1] > size[0] || size[2] > size[1] {
			t.Errorf("case %d has regions of %.1f cm³", i, size)
		}
		if size[2] == 0 {
			without++
		}
		if size[0] < 15 {
			tiny++
		}
		if size[0] > 100 {
			huge++
		}
	}
	t.Logf("%d without ET, %d below 15 cm³, %d above 100 cm³; by site %.0f", without, tiny, huge, mean)
	if without < 2 || without > 20 || tiny < 3 || huge < 3 {
		t.Errorf("%d of 60 have no ET, %d are below 15 cm³, %d above 100 cm³", without, tiny, huge)
	}
}

func count(in []bool) (n int) {
	for _, b := range in {
		if b {
			n++
		}
	}
	return n
}

func TestLimits(t *testing.T) {
	for _, opt := range []Options{
		{Cases: 0, Sites: 1, Size: small}, {Cases: MaxCases + 1, Sites: 1, Size: small}, {Cases: 1, Sites: 0, Size: small},
		{Cases: 1, Sites: MaxSites + 1, Size: small}, {Cases: 1, Sites: 1, Size: [3]int{MinSide - 1, 99, 99}}, {Cases: 1, Sites: 1, Size: [3]int{99, 99, MaxSide + 1}},
	} {
		if _, err := New(opt); err == nil {
			t.Errorf("%+v must be an error", opt)
		}
	}
}

func TestSizeFor(t *testing.T) {
	for _, c := range []struct {
		shape tensor.Shape
		patch bool
		want  [3]int
	}{
		{tensor.Shape{H: 64, W: 64, C: 4}, false, [3]int{106, 106, 69}},
		{tensor.Shape{D: 32, H: 32, W: 32, C: 4}, false, [3]int{60, 60, 39}},
		{tensor.Shape{H: 8, W: 8, C: 4}, false, [3]int{32, 32, 32}},
		{tensor.Shape{H: 256, W: 256, C: 4}, false, FullSize},
		{tensor.Shape{D: 32, H: 32, W: 32, C: 4}, true, FullSize},
	} {
		if got := sizeFor(c.shape, c.patch); got != c.want {
			t.Errorf("%v, patch %v: %v, want %v", c.shape, c.patch, got, c.want)
		}
	}
}

func TestOpen(t *testing.T) {
	d, err := datasets.Open(Name, datasets.OpenOptions{
		Cache: t.TempDir(), Shape: tensor.Shape{H: 32, W: 32, C: 2}, Seed: 6,
		Volumes: datasets.Volumes{Modalities: []string{"t1ce", "flair"}, Cases: 6, SiteCount: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !d.Synthetic || d.Name != Name || len(d.Sites) != 2 || d.Cases.Len() != 1 || len(d.Regions) != 3 || !strings.Contains(d.Notes[0], "seed 6") {
		t.Errorf("got %+v", d)
	}
	if d.Train.Shape() != (tensor.Shape{H: 32, W: 32, C: 2}) || d.Train.Len() < 50 {
		t.Errorf("%d examples of %v", d.Train.Len(), d.Train.Shape())
	}
	if _, err := datasets.Open(Name, datasets.OpenOptions{Volumes: datasets.Volumes{Cases: MaxCases + 1}}); err == nil {
		t.Error("too many cases must be an error")
	}
}

func TestChosenModalities(t *testing.T) {
	s := mustNew(t, Options{Seed: 1, Cases: 1, Sites: 1, Size: small})
	p := s.provider([]string{"t2", "flair"})
	got, err := p.Scan(0)
	all := s.Scan(0)
	if err != nil || !reflect.DeepEqual(got.Channels, [][]float32{all.Channels[3], all.Channels[0]}) {
		t.Errorf("the channels are not those of t2 and flair (%v)", err)
	}
}

func BenchmarkScan(b *testing.B) {
	for _, size := range [][3]int{{64, 64, 40}, {96, 96, 64}, FullSize} {
		b.Run(fmt.Sprintf("%dx%dx%d", size[0], size[1], size[2]), func(b *testing.B) {
			s, i := mustNew(b, Options{Seed: 1, Cases: MaxCases, Sites: 8, Size: size}), 0
			for b.Loop() {
				s.Scan(i)
				i++
			}
			b.ReportMetric(float64(b.N*size[0]*size[1]*size[2])/b.Elapsed().Seconds(), "voxels/s")
		})
	}
}
