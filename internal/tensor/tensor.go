// Package tensor describes how a flat vector of float32 is divided into a model's named tensors.
//
// A model's parameters live in one vector; a Layout says which stretch of it is which tensor, of what shape and of
// what kind. Networks and codecs share this description and nothing else.
package tensor

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind says what role a tensor plays. Codecs may treat kinds differently, and which kinds a scheme skips changes
// the bits that it sends.
type Kind uint8

// The kinds of tensors.
const (
	Weight Kind = iota // kernel of a dense or convolutional layer
	Bias               // bias of such a layer
	Norm               // scale or shift of a normalisation layer
	Buffer             // running statistic: no gradient, always sent dense
)

var kindNames = [...]string{"weight", "bias", "norm", "buffer"}

// String returns the kind's name as it is written in configurations.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ParseKind returns the kind that is called name.
func ParseKind(name string) (Kind, error) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("no tensor kind is called %q; there are weight, bias, norm and buffer", name)
}

// Segment is one tensor: elements [Off, Off+Len) of the vector.
type Segment struct {
	Name  string
	Kind  Kind
	Shape []int // row-major; the product of the dimensions is Len
	Off   int
	Len   int
}

// Of returns the segment's part of v.
func (s Segment) Of(v []float32) []float32 { return v[s.Off : s.Off+s.Len : s.Off+s.Len] }

// Layout lists a vector's segments in order, without gaps.
type Layout []Segment

// Add appends a segment behind the last one.
func (l Layout) Add(name string, kind Kind, shape ...int) Layout {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return append(l, Segment{Name: name, Kind: kind, Shape: shape, Off: l.Len(), Len: n})
}

// Len returns the number of elements of the whole vector.
func (l Layout) Len() int {
	if len(l) == 0 {
		return 0
	}
	last := l[len(l)-1]
	return last.Off + last.Len
}

// Trainable returns the number of elements that are not buffers: what the literature calls the parameters.
func (l Layout) Trainable() int {
	n := 0
	for _, s := range l {
		if s.Kind != Buffer {
			n += s.Len
		}
	}
	return n
}

// Shape is the shape of one example: an image of H rows, W columns and C channels, channels innermost in memory
// (NHWC for a batch), or a volume of D such slices. A flat vector of n features is an image of 1 x 1 pixels.
type Shape struct {
	D       int // 0 for images
	H, W, C int
}

// Size returns the number of elements of one example.
func (s Shape) Size() int { return s.Positions() * s.C }

// Positions returns the number of pixels or voxels.
func (s Shape) Positions() int { return max(s.D, 1) * s.H * s.W }

// String writes the shape as height x width x channels, as in "32x32x3"; a volume's depth goes first.
func (s Shape) String() string {
	image := fmt.Sprintf("%dx%dx%d", s.H, s.W, s.C)
	if s.D > 0 {
		return fmt.Sprintf("%dx%s", s.D, image)
	}
	return image
}

// These bound the dimensions that ParseShape accepts, so that the size of a shape it returns fits an int.
const (
	maxSide       = 1 << 20
	maxVolumeSide = 1 << 15
)

// ParseShape reads what String writes, of an image or of a volume. Dimensions are at least 1 and at most 2^20, or 2^15 of
// a volume.
func ParseShape(text string) (Shape, error) {
	parts := strings.Split(text, "x")
	sides, most := make([]int, len(parts)), maxSide
	if len(parts) == 4 {
		most = maxVolumeSide
	}
	fit := len(parts) == 3 || len(parts) == 4
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		fit = fit && err == nil && 1 <= n && n <= most
		sides[i] = n
	}
	if !fit {
		return Shape{}, notAShape(text)
	}
	s := Shape{H: sides[len(sides)-3], W: sides[len(sides)-2], C: sides[len(sides)-1]}
	if len(parts) == 4 {
		s.D = sides[0]
	}
	if s.String() != text { // a sign or a leading zero
		return Shape{}, notAShape(text)
	}
	return s, nil
}

func notAShape(text string) error {
	return fmt.Errorf("%q is not a shape; write height x width x channels, as in 32x32x3, or depth x height x width x channels, as in 64x64x64x4", text)
}
