//go:build !noasm

package f32

import "unsafe"

// lanes returns how many float32 values a register holds.
func (f *family) lanes() int {
	if f.level == avx512 {
		return 16
	}
	return 8
}

// units returns how many registers of float64 sums one call takes.
func (f *family) units() int { return f.lanes() / 2 }

// laneMask returns the mask of a register's first n lanes, n <= 16, as the kernel wants it told.
func laneMask(n int) uintptr {
	if kern.level == avx512 {
		return uintptr(1)<<n - 1
	}
	return uintptr(unsafe.Pointer(&laneMasks[16-n]))
}

func columnsAsm(k columnKind, p *columnArgs) {
	wide := kern.level == avx512
	switch {
	case k == moments && wide:
		moments512(p)
	case k == moments:
		moments256(p)
	case k == products && wide:
		products512(p)
	case k == products:
		products256(p)
	case wide:
		reluProducts512(p)
	default:
		reluProducts256(p)
	}
}

func rowsAsm(k rowKind, p *rowArgs) {
	wide := kern.level == avx512
	switch {
	case k == scaleShift && wide:
		scaleShift512(p)
	case k == scaleShift:
		scaleShift256(p)
	case k == scaleShiftReLU && wide:
		scaleShiftReLU512(p)
	case k == scaleShiftReLU:
		scaleShiftReLU256(p)
	case k == scaleShiftAddReLU && wide:
		scaleShiftAddReLU512(p)
	case k == scaleShiftAddReLU:
		scaleShiftAddReLU256(p)
	case k == combine && wide:
		combine512(p)
	case k == combine:
		combine256(p)
	case wide:
		reluCombine512(p)
	default:
		reluCombine256(p)
	}
}
