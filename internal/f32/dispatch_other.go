//go:build (!amd64 && !arm64) || noasm

package f32

// Without assembly the portable kernel is the only one, and none of these is called.

func axpyAsm(*vecArgs)            {}
func scaleAsm(*vecArgs)           {}
func pullAsm(*vecArgs)            {}
func addAsm(*vecArgs)             {}
func mulAsm(*vecArgs)             {}
func reluAsm(*vecArgs)            {}
func reluBackAsm(*vecArgs)        {}
func sgdAsm(*vecArgs)             {}
func momentumAsm(*vecArgs)        {}
func nesterovAsm(*vecArgs)        {}
func adamAsm(*vecArgs)            {}
func rmspropAsm(*vecArgs)         {}
func rmspropMomentumAsm(*vecArgs) {}
func peakAsm(*vecArgs)            {}
func maxPool4Asm(*poolArgs)       {}
func maxPoolBack4Asm(*poolArgs)   {}
func maxPool8Asm(*poolArgs)       {}
func maxPoolBack8Asm(*poolArgs)   {}
func transposeAsm(*moveArgs)      {}
func interleaveAsm(*moveArgs)     {}
func lossAsm(*lossArgs)           {}
