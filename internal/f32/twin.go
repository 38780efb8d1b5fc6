package f32

// Few output channels leave most lanes of a long register idle. Where AVX-512 treats rows of outputs, the left and the
// right half of a row are therefore computed together: the inputs under them are stored in turn, value by value, and so
// are the results of every channel in the lanes. Every output stays the chain that it is elsewhere.

// maxTwin is the greatest number of output channels of which two outputs fit a register.
const maxTwin = 8

// twinRows is the height of the highest tile of twins.
const twinRows = 16

// worthTwins tells whether outputs are computed as twins. It depends on the geometry alone.
func (s *gathering) worthTwins() bool {
	if s.cout > maxTwin || s.out[2]%2 != 0 || volume(s.kernel) < 8 || s.acrossImages(maxGroup) {
		return false
	}
	twins := float64(s.out[2] / 2 * s.kernel[2])
	return twins < 0.9*s.pairedCost(s.pairing())
}

// packTwinned returns the weights, whose rows lie rowStride apart, and the bias as twins want them.
func (c *Context) packTwinned(s *gathering, w, bias []float32) (right, []float32) {
	k := volume(s.kernel) * s.cin
	out := c.take(scratchPanels, (k+1)*2*maxTwin)
	packTwins(out, w, k, s.cout, s.cout)
	if bias != nil {
		packTwins(out[k*2*maxTwin:], bias, 1, s.cout, s.cout)
		bias = out[k*2*maxTwin:]
	}
	s.twins = true
	return right{address(out, 0), 8 * maxTwin, 0}, bias
}

// packTwins copies the rows x cout weights src, every value twice, to rows of 16 values, or without AVX-512 once to rows
// of 8.
func packTwins(dst, src []float32, rows, cout, rowStride int) {
	clear(dst[:rows*2*maxTwin])
	for r := range rows {
		row := src[r*rowStride:][:cout]
		for i, v := range row {
			if kern.level == avx512 {
				dst[2*(r*maxTwin+i)], dst[2*(r*maxTwin+i)+1] = v, v
			} else {
				dst[r*2*maxTwin+i] = v
			}
		}
	}
}

// interleave replaces x by its rows, with the zeros that the kernel reaches, in the order in which twins read them, and
// makes the sums fit them.
func (q *gatherer) interleave() {
	half := q.out[2] / 2
	q.pair = half * q.outStride[2]
	far := half * q.stride[2] * q.cin
	width := ((half-1)*q.stride[2] + q.kernel[2]) * q.cin
	rows := q.in[0] * q.in[1]
	out := q.take(scratchRows, 2*rows*width)
	for r := range rows {
		interleaveRow(out[2*r*width:][:2*width], q.x[r*q.inStride[1]:][:q.in[2]*q.cin], far, q.pad[2]*q.cin)
	}
	q.x = out
	q.in[2], q.pad[2], q.out[2] = width/q.cin, 0, half
	q.inStride = strides(q.in, 2*q.cin)
}

// interleaveRow stores in turn the values of row from number -pad and from number far-pad on, zeros where there are none.
func interleaveRow(dst, row []float32, far, pad int) {
	n := len(dst) / 2
	both := max(0, min(n, pad))                // from here on
	end := max(both, min(n, len(row)-far+pad)) // to there both exist
	blocks := (end - both) / 16
	if blocks > 0 {
		interleaveAsm(&moveArgs{src: &row[both-pad], dst: &dst[2*both], srcRow: 4 * far, n: blocks})
	}
	for i := 0; i < n; i++ {
		if i == both {
			i += 16 * blocks
			if i == n {
				return
			}
		}
		dst[2*i], dst[2*i+1] = valueAt(row, i-pad), valueAt(row, i-pad+far)
	}
}

// valueAt returns element i, or 0 if there is none.
func valueAt(x []float32, i int) float32 {
	if i < 0 || i >= len(x) {
		return 0
	}
	return x[i]
}
