package f32

import "unsafe"

// rowKind says what becomes of rows.
type rowKind int

const (
	scaleShift rowKind = iota
	scaleShiftReLU
	scaleShiftAddReLU
	combine
	reluCombine
)

// coefs returns how many coefficients a column has.
func (k rowKind) coefs() int {
	switch k {
	case combine:
		return 3
	case reluCombine:
		return 5
	}
	return 2
}

// rows is a computation on arrays of rows, element by element, with coefficients per column.
type rows struct {
	kind       rowKind
	y, x, d, s []float32
	coef       [5][]float32
}

// rowArgs describes a computation on rows to the assembly: full whole registers per row and tail bytes, whose lanes are
// in mask. Rows follow each other without gaps. The assembly knows this struct by its order.
type rowArgs struct {
	y, x, d, s unsafe.Pointer
	coef       [5]unsafe.Pointer
	rows, full int
	tail       int
	mask       uintptr
	tiny, sign float32
}

// shortRow is the number of columns below which several rows are treated as one.
const shortRow = 64

// run does all rows.
func (r *rows) run() {
	cols := len(r.coef[0])
	if len(r.x) == 0 {
		return
	}
	want("results", len(r.y), len(r.x))
	want("rows", len(r.x), len(r.x)/cols*cols)
	for _, c := range r.coef[:r.kind.coefs()] {
		want("coefficients", len(c), cols)
	}
	switch {
	case kern.level == portable:
		r.portable()
	case cols <= shortRow/2 && len(r.x) > cols:
		r.runFolded(cols)
	default:
		r.assembly(cols)
	}
}

// runFolded treats several rows as one.
func (r *rows) runFolded(cols int) {
	var buf [5][shortRow]float32
	fold := shortRow / cols
	long := *r // a copy, lest buf move to the heap
	for i, c := range r.coef[:r.kind.coefs()] {
		long.coef[i] = repeat(buf[i][:], c, fold)
	}
	long.assembly(fold * cols)
}

// assembly treats rows of cols columns and a shorter one in the end.
func (r *rows) assembly(cols int) {
	n := len(r.x) / cols
	step := max(1, vecChunk/cols)
	for i := 0; i < n; i += step {
		r.chunk(i*cols, min(step, n-i), cols)
	}
	if rest := len(r.x) - n*cols; rest > 0 {
		r.chunk(n*cols, 1, rest)
	}
}

// chunk treats n rows of cols columns from element number at on.
func (r *rows) chunk(at, n, cols int) {
	lanes := kern.lanes()
	p := rowArgs{
		y: address(r.y, at), x: address(r.x, at), rows: n, full: cols / lanes,
		tail: 4 * (cols % lanes), mask: laneMask(cols % lanes), tiny: Tiny, sign: negativeZero,
	}
	if r.d != nil {
		p.d = address(r.d, at)
	}
	if r.s != nil {
		p.s = address(r.s, at)
	}
	for i, c := range r.coef[:r.kind.coefs()] {
		p.coef[i] = address(c, 0)
	}
	rowsAsm(r.kind, &p)
}

func (r *rows) portable() {
	cols := len(r.coef[0])
	for i, x := range r.x {
		r.y[i] = r.element(i, x, i%cols)
	}
}

// element returns result number i, which lies in column c.
func (r *rows) element(i int, x float32, c int) float32 {
	k := &r.coef
	switch r.kind {
	case scaleShift:
		return fma(k[0][c], x, k[1][c])
	case scaleShiftReLU:
		return relu(fma(k[0][c], x, k[1][c]))
	case scaleShiftAddReLU:
		return relu(add(fma(k[0][c], x, k[1][c]), r.s[i]))
	}
	d := r.d[i]
	if r.kind == reluCombine {
		d = reluBack(d, relu(fma(k[3][c], x, k[4][c])))
	}
	return dropTiny(fma(k[0][c], d, fma(k[1][c], x, k[2][c])))
}
