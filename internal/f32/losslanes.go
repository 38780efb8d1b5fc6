package f32

import (
	"fmt"
	"math"
	"unsafe"
)

// lossArgs describes a softmax cross-entropy to the assembly: groups of as many rows of logits as a register holds
// float64. The assembly knows this struct, and the order of lossTable, by heart.
type lossArgs struct {
	logits, d  unsafe.Pointer // of the first row; d may be nil
	label      *int32
	exps       *float64 // room for classes registers
	rows       *float64 // the rows' losses
	table      *float64
	classes    int
	groups     int
	correct    int // grows by the number of rows that are greatest at their label
	scale      float64
	tiny, sign float32
}

// lossTable holds the constants of exp and log.
var lossTable = append(append([]float64{
	math.Log2E, 0.5, ln2hi, ln2lo, -708, 0x1.8p52 + 1023, math.Float64frombits(1<<52 - 1), 1, 0x1p52, 0x1p52 + 1023, math.Sqrt2,
}, expCoef...), logCoef...)

// lossChunk is about how many logits one assembly call treats.
const lossChunk = 1 << 11

// lossLanes is SoftmaxCrossEntropy for the first n rows, as many as fill registers.
func (c *Context) lossLanes(d, logits []float32, label []int32, scale float64) (loss float64, correct, n int) {
	if kern.level < avx2 {
		return 0, 0, 0
	}
	classes, lanes := len(logits)/len(label), kern.lanes()/2
	checkLabels(label, classes)
	n = len(label) / lanes * lanes
	step := max(lanes, lossChunk/classes/lanes*lanes)
	buf := c.doubles(classes*lanes + step)
	exps, rows := buf[:classes*lanes], buf[classes*lanes:]
	for i := 0; i < n; i += step {
		m := min(step, n-i)
		p := lossArgs{
			logits: address(logits, i*classes), label: &label[i], exps: &exps[0], rows: &rows[0], table: &lossTable[0],
			classes: classes, groups: m / lanes, scale: scale, tiny: Tiny, sign: negativeZero,
		}
		if d != nil {
			p.d = address(d, i*classes)
		}
		lossAsm(&p)
		correct += p.correct
		for _, v := range rows[:m] {
			loss += v
		}
	}
	return loss, correct, n
}

// checkLabels panics at a label beyond the classes, which the assembly would take for an address.
func checkLabels(label []int32, classes int) {
	for _, y := range label {
		if uint32(y) >= uint32(classes) {
			panic(fmt.Sprintf("f32: label %d of %d classes", y, classes))
		}
	}
}

// doubles returns n float64 of scratch memory.
func (c *Context) doubles(n int) []float64 {
	if cap(c.exps) < n {
		c.exps = make([]float64, n)
	}
	return c.exps[:n]
}
