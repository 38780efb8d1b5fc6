//go:build !noasm

package f32

import "golang.org/x/sys/cpu"

func hasBF16() bool { return kern.level == avx512 && cpu.X86.HasAVX512BF16 }

// tilePairs computes tiles whose operands are pairs of bfloat16, for the AVX-512 kernel.
func tilePairs(p *tileArgs, m, cols int) {
	switch {
	case !cpu.X86.HasAVX512BF16:
		tilePairsPortable(p, m, cols)
	case cols > 16:
		tilesBF16x32[m](p)
	default:
		tilesBF16x16[m](p)
	}
}

func weaveChunks(p *pairArgs) {
	if hasBF16() {
		weaveBF16(p)
	} else {
		p.portable(1)
	}
}

func coupleChunks(p *pairArgs) {
	if hasBF16() {
		coupleBF16(p)
	} else {
		p.portable(2)
	}
}

func roundRuns(p *runArgs) {
	if hasBF16() {
		runsBF16(p)
	} else {
		p.portable()
	}
}

func peakPairsAsm(v *vecArgs) { peakBF16(v) }
