package volumes

import (
	"fmt"

	"flsim/datasets"
	"flsim/internal/tensor"
)

// recipe says what a scan is made into. Its fields are part of the key under which the result is cached.
type recipe struct {
	modalities []string
	regions    int
	patch      bool         // voxels are kept, else the box is resized
	shape      tensor.Shape // of an example
}

// prepared is a scan that is ready to be cut into examples: cropped, normalised, and resized or padded.
type prepared struct {
	shape  tensor.Shape // D slices of H x W voxels with C channels
	x      []float32    // channels innermost
	y      []uint8      // sets of regions
	tumour int          // voxels of the scan, before any resizing, in any region
}

// prepare makes of a scan what r says, and leaves the scan changed. Scans that cannot be used are a
// *datasets.ContentError; one whose slices do not fit its size is a fault of its provider, and prepare panics.
func (r *recipe) prepare(name string, s *Scan) (*prepared, error) {
	s.check(len(r.modalities))
	wrong := func(format string, args ...any) error {
		return &datasets.ContentError{Name: name, Problem: fmt.Sprintf(format, args...)}
	}
	p := &prepared{}
	for _, set := range s.Regions {
		if set>>r.regions != 0 {
			return nil, wrong("a voxel is in region %d, but there are only %d", bitOf(set), r.regions)
		}
		if set != 0 {
			p.tumour++
		}
	}
	b := s.brainBox()
	if b.side(0) == 0 {
		return nil, wrong("there is no brain: every voxel is background")
	}
	for c, v := range s.Channels {
		if err := normalise(v, s.Brain); err != nil {
			return nil, wrong("%s %v", r.modalities[c], err)
		}
	}
	p.shape = r.size(b)
	p.x, p.y = make([]float32, p.shape.Size()), make([]uint8, p.shape.Positions())
	if r.patch {
		p.place(s, b)
	} else {
		p.resize(s, b)
	}
	return p, nil
}

// bitOf returns the number of the highest region of a set.
func bitOf(set uint8) int {
	n := -1
	for ; set != 0; set >>= 1 {
		n++
	}
	return n
}

// check panics if the parts of a scan do not fit together.
func (s *Scan) check(channels int) {
	n := s.Voxels()
	fit := n > 0 && len(s.Channels) == channels && len(s.Brain) == n && len(s.Regions) == n
	for _, v := range s.Channels {
		fit = fit && len(v) == n
	}
	if !fit {
		panic(fmt.Sprintf("volumes: the parts of scan %q do not fit its size of %d x %d x %d voxels and %d channels", s.Name, s.NX, s.NY, s.NZ, channels))
	}
}

// size returns the shape of what a box becomes. A patch must fit into the volume that it is cut from.
func (r *recipe) size(b box) tensor.Shape {
	switch {
	case r.patch:
		return tensor.Shape{D: max(b.side(2), r.shape.D), H: max(b.side(1), r.shape.H), W: max(b.side(0), r.shape.W), C: r.shape.C}
	case r.shape.D > 0:
		return r.shape
	}
	return tensor.Shape{D: b.side(2), H: r.shape.H, W: r.shape.W, C: r.shape.C}
}

func (p *prepared) resize(s *Scan, b box) {
	out := [3]int{p.shape.W, p.shape.H, p.shape.D}
	var linear [3][]tap
	var labels [3][]int
	for axis, n := range out {
		linear[axis], labels[axis] = taps(b.lo[axis], b.side(axis), n), nearest(b.lo[axis], b.side(axis), n)
	}
	for c, v := range s.Channels {
		s.interpolate(p.x[c:], p.shape.C, v, linear[0], linear[1], linear[2])
	}
	s.pick(p.y, labels[0], labels[1], labels[2])
}

// place copies a box into the middle of the volume, whose other voxels are background.
func (p *prepared) place(s *Scan, b box) {
	width, height := b.side(0), b.side(1)
	left, top, front := (p.shape.W-width)/2, (p.shape.H-height)/2, (p.shape.D-b.side(2))/2
	for z := range b.side(2) {
		for y := range height {
			from := b.lo[0] + s.NX*(b.lo[1]+y+s.NY*(b.lo[2]+z))
			to := left + p.shape.W*(top+y+p.shape.H*(front+z))
			copy(p.y[to:], s.Regions[from:from+width])
			for c, v := range s.Channels {
				for i, value := range v[from : from+width] {
					p.x[(to+i)*p.shape.C+c] = value
				}
			}
		}
	}
}

// tumourBySlice counts the voxels of each slice that lie in any region.
func (p *prepared) tumourBySlice() []uint32 {
	counts := make([]uint32, p.shape.D)
	area := p.shape.H * p.shape.W
	for z := range counts {
		for _, set := range p.y[z*area : (z+1)*area] {
			if set != 0 {
				counts[z]++
			}
		}
	}
	return counts
}
