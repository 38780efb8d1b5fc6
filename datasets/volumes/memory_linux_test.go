package volumes

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

var full = flag.Bool("full", false, "prepare 40 scans of full size, which takes minutes and 3 GB on disk")

// fullScan is a scan of the size of BraTS, quickly made.
func fullScan(i int) *Scan {
	const nx, ny, nz = 240, 240, 155
	s := &Scan{NX: nx, NY: ny, NZ: nz, Brain: make([]bool, nx*ny*nz), Regions: make([]uint8, nx*ny*nz)}
	for range 4 {
		s.Channels = append(s.Channels, make([]float32, nx*ny*nz))
	}
	at := 0
	for z := range nz {
		for y := range ny {
			for x := range nx {
				dx, dy, dz := x-120, y-125, z-75
				if s.Brain[at] = 4*dx*dx+3*dy*dy+4*dz*dz < 4*70*70; s.Brain[at] {
					for c, v := range s.Channels {
						v[at] = rng.Unit32(rng.At(uint64(i), uint64(4*at+c)))
					}
					if dx*dx+dy*dy+dz*dz < 30*30 {
						s.Regions[at] = 1
					}
				}
				at++
			}
		}
	}
	return s
}

var anonymous = regexp.MustCompile(`(?m)^RssAnon:\s*(\d+) kB$`)

// privateMemory returns the anonymous memory that the process has, in MB, or 0 if the kernel does not tell.
func privateMemory() int {
	text, _ := os.ReadFile("/proc/self/status")
	if m := anonymous.FindSubmatch(text); m != nil {
		kB, _ := strconv.Atoi(string(m[1]))
		return kB / 1000
	}
	return 0
}

// peak samples privateMemory until stop is called, which returns the most that was seen.
func peak() (stop func() int) {
	done, most := make(chan struct{}), make(chan int)
	go func() {
		greatest := 0
		for {
			greatest = max(greatest, privateMemory())
			select {
			case <-done:
				most <- greatest
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() int {
		close(done)
		return <-most
	}
}

// Forty full-size cases of four modalities, which are 5.7 GB of numbers, are prepared and used in less than 3 GB of
// memory of the process's own.
func TestMemoryOfFullSizeCases(t *testing.T) {
	if !*full {
		t.Skip("-full runs it")
	}
	if privateMemory() == 0 {
		t.Skip("this kernel does not tell how much memory is anonymous")
	}
	for _, c := range []struct {
		extract string
		shape   tensor.Shape
	}{{"resize", tensor.Shape{H: 128, W: 128, C: 4}}, {"patch", tensor.Shape{D: 64, H: 64, W: 64, C: 4}}} {
		t.Run(c.extract, func(t *testing.T) {
			p := Provider{Name: "full", Regions: TumourRegions(), Scan: func(i int) (*Scan, error) { return fullScan(i), nil }}
			p.Key = func(i int) (string, error) { return fmt.Sprint(i), nil }
			for i := range 40 {
				p.Cases = append(p.Cases, Listing{Name: fmt.Sprint(i)})
			}
			stop, began := peak(), time.Now()
			data := mustOpen(t, &p, datasets.OpenOptions{Cache: t.TempDir(), Shape: c.shape, Volumes: datasets.Volumes{Extract: c.extract}})
			t.Logf("prepared in %.0f s", time.Since(began).Seconds())
			useAll(data)
			if most := stop(); most > 3000 {
				t.Errorf("%d MB of private memory", most)
			} else {
				t.Logf("at most %d MB of private memory", most)
			}
		})
	}
}

// useAll reads every example and every whole case once.
func useAll(data *datasets.Data) {
	shape := data.Train.Shape()
	x, y := make([]float32, shape.Size()), make([]int32, shape.Positions())
	for _, s := range []datasets.Source{data.Train, data.Test} {
		for i := range s.Len() {
			s.Fill(x, y, []int32{int32(i)})
		}
	}
	for i := range data.Cases.Len() {
		whole := data.Cases.Case(i).Shape
		data.Cases.Read(i, make([]float32, whole.Size()), make([]uint8, whole.Positions()))
	}
}
