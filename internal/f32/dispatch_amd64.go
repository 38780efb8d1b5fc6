//go:build !noasm

package f32

func axpyAsm(v *vecArgs) {
	if kern.level == avx512 {
		axpy512(v)
	} else {
		axpy256(v)
	}
}

func scaleAsm(v *vecArgs) {
	if kern.level == avx512 {
		scale512(v)
	} else {
		scale256(v)
	}
}

func addAsm(v *vecArgs) {
	if kern.level == avx512 {
		add512(v)
	} else {
		add256(v)
	}
}

func mulAsm(v *vecArgs) {
	if kern.level == avx512 {
		mul512(v)
	} else {
		mul256(v)
	}
}

func pullAsm(v *vecArgs) {
	if kern.level == avx512 {
		pull512(v)
	} else {
		pull256(v)
	}
}

func reluAsm(v *vecArgs) {
	if kern.level == avx512 {
		relu512(v)
	} else {
		relu256(v)
	}
}

func reluBackAsm(v *vecArgs) {
	if kern.level == avx512 {
		reluBack512(v)
	} else {
		reluBack256(v)
	}
}

func sgdAsm(v *vecArgs) {
	if kern.level == avx512 {
		sgd512(v)
	} else {
		sgd256(v)
	}
}

func momentumAsm(v *vecArgs) {
	if kern.level == avx512 {
		momentum512(v)
	} else {
		momentum256(v)
	}
}

func nesterovAsm(v *vecArgs) {
	if kern.level == avx512 {
		nesterov512(v)
	} else {
		nesterov256(v)
	}
}

func adamAsm(v *vecArgs) {
	if kern.level == avx512 {
		adam512(v)
	} else {
		adam256(v)
	}
}

func rmspropAsm(v *vecArgs) {
	if kern.level == avx512 {
		rmsprop512(v)
	} else {
		rmsprop256(v)
	}
}

func rmspropMomentumAsm(v *vecArgs) {
	if kern.level == avx512 {
		rmspropMomentum512(v)
	} else {
		rmspropMomentum256(v)
	}
}

func maxPool4Asm(p *poolArgs) {
	if kern.level == avx512 {
		maxPool4x512(p)
	} else {
		maxPool4x256(p)
	}
}

func maxPoolBack4Asm(p *poolArgs) {
	if kern.level == avx512 {
		maxPoolBack4x512(p)
	} else {
		maxPoolBack4x256(p)
	}
}

func maxPool8Asm(p *poolArgs) {
	if kern.level == avx512 {
		maxPool8x512(p)
	} else {
		maxPool8x256(p)
	}
}

func maxPoolBack8Asm(p *poolArgs) {
	if kern.level == avx512 {
		maxPoolBack8x512(p)
	} else {
		maxPoolBack8x256(p)
	}
}

func peakAsm(v *vecArgs) {
	if kern.level == avx512 {
		peak512(v)
	} else {
		peak256(v)
	}
}

func transposeAsm(p *moveArgs) { transpose256(p) }

func interleaveAsm(p *moveArgs) { interleave512(p) }

func lossAsm(p *lossArgs) {
	if kern.level == avx512 {
		softmaxLoss512(p)
	} else {
		softmaxLoss256(p)
	}
}
