package f32

import "unsafe"

// Context is a worker's workspace: the scratch memory that products and convolutions need. It grows to what the
// largest call asks for and is then reused, so that steps in steady state allocate nothing. The zero value is ready to
// use. A Context serves one goroutine at a time.
type Context struct {
	tile    tileArgs
	scratch [scratches][]float32
	exps    []float64 // of one row of logits
	bits    []int32   // one per logit of a segmentation

	precision Precision
	operands  int // pairs while tiles take pairs of bfloat16, else 0
}

// The uses of scratch memory that may overlap in time.
const (
	scratchPanels = iota // packed right-hand sides, weights
	scratchFlip          // weights of the input gradient
	scratchRows          // copied left-hand rows, padded images
	scratchPool          // activations before pooling, gradients behind it
	scratchTurned        // transposed weight gradients
	scratchLeft          // left-hand sides as pairs of bfloat16
	scratchRight         // right-hand sides as pairs of bfloat16
	scratchKernel        // a convolution's weights as pairs of bfloat16
	scratchPairs         // logits of a segmentation, each behind a zero
	scratches
)

// take returns n floats of the given scratch memory, with arbitrary content, aligned to 64 bytes.
func (c *Context) take(use, n int) []float32 {
	s := c.scratch[use]
	if cap(s) < n+15 {
		s = make([]float32, n+15)
		c.scratch[use] = s
	}
	s = s[:cap(s)]
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))&63) / 4
	return s[skip : skip+n]
}

// address is a pointer to element i of s.
func address(s []float32, i int) unsafe.Pointer { return unsafe.Pointer(&s[i]) }
