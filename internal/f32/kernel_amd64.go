//go:build !noasm

package f32

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

func families() []family {
	out := []family{portableFamily}
	x := &cpu.X86
	if x.HasAVX2 && x.HasFMA {
		out = append(out, family{avx2, 16, height256, tile256})
		if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasPOPCNT {
			out = append(out, family{avx512, 32, height512, tile512})
		}
	}
	return out
}

func height512(cols int) int {
	if cols > 16 {
		return len(tiles512x32) - 1
	}
	return len(tiles512x16) - 1
}

func tile512(p *tileArgs, m, cols int) {
	p.mask = uintptr(1)<<cols - 1
	switch {
	case p.flags&pairs != 0:
		tilePairs(p, m, cols)
	case p.twin != 0:
		tiles512x16twin[m](p)
	case cols > 16:
		tiles512x32[m](p)
	default:
		tiles512x16[m](p)
	}
}

// laneMasks holds sixteen set words and then as many clear ones: the masks of n lanes start 16-n words in.
var laneMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

func height256(cols int) int {
	switch {
	case cols <= 8:
		return len(tiles256x8m) - 1
	case cols < 16:
		return len(tiles256x16m) - 1
	}
	return len(tiles256x16) - 1
}

func tile256(p *tileArgs, m, cols int) {
	p.mask = uintptr(unsafe.Pointer(&laneMasks[16-cols]))
	switch {
	case p.flags&pairs != 0:
		tilePairsPortable(p, m, cols)
	case cols <= 8:
		tiles256x8m[m](p)
	case cols < 16:
		tiles256x16m[m](p)
	default:
		tiles256x16[m](p)
	}
}
