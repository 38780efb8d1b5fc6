//go:build !noasm

package f32

func axpyAsm(v *vecArgs)            { axpyNeon(v) }
func scaleAsm(v *vecArgs)           { scaleNeon(v) }
func addAsm(v *vecArgs)             { addNeon(v) }
func mulAsm(v *vecArgs)             { mulNeon(v) }
func pullAsm(v *vecArgs)            { pullNeon(v) }
func reluAsm(v *vecArgs)            { reluNeon(v) }
func reluBackAsm(v *vecArgs)        { reluBackNeon(v) }
func sgdAsm(v *vecArgs)             { sgdNeon(v) }
func momentumAsm(v *vecArgs)        { momentumNeon(v) }
func nesterovAsm(v *vecArgs)        { nesterovNeon(v) }
func adamAsm(v *vecArgs)            { adamNeon(v) }
func rmspropAsm(v *vecArgs)         { rmspropNeon(v) }
func rmspropMomentumAsm(v *vecArgs) { rmspropMomentumNeon(v) }
func peakAsm(v *vecArgs)            { peakNeon(v) }

func maxPool4Asm(p *poolArgs)     { maxPool4Neon(p) }
func maxPoolBack4Asm(p *poolArgs) { maxPoolBack4Neon(p) }
func maxPool8Asm(p *poolArgs)     { maxPool8Neon(p) }
func maxPoolBack8Asm(p *poolArgs) { maxPoolBack8Neon(p) }

func transposeAsm(p *moveArgs) { transposeNeon(p) }

// None of these is called: softmax is computed in Go, and twins are for longer registers.

func interleaveAsm(*moveArgs) {}
func lossAsm(*lossArgs)       {}
