//go:build !noasm

package f32

// lanes returns how many float32 values a register holds.
func (f *family) lanes() int { return 4 }

// units returns how many registers of float64 sums one call takes.
func (f *family) units() int { return 8 }

// laneMask returns how many bytes the first n lanes take.
func laneMask(n int) uintptr { return uintptr(4 * n) }

func columnsAsm(k columnKind, p *columnArgs) {
	switch k {
	case moments:
		momentsNeon(p)
	case products:
		productsNeon(p)
	default:
		reluProductsNeon(p)
	}
}

func rowsAsm(k rowKind, p *rowArgs) {
	switch k {
	case scaleShift:
		scaleShiftNeon(p)
	case scaleShiftReLU:
		scaleShiftReLUNeon(p)
	case scaleShiftAddReLU:
		scaleShiftAddReLUNeon(p)
	case combine:
		combineNeon(p)
	default:
		reluCombineNeon(p)
	}
}
