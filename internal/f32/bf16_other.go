//go:build !amd64 || noasm

package f32

func hasBF16() bool { return false }

func weaveChunks(p *pairArgs)  { p.portable(1) }
func coupleChunks(p *pairArgs) { p.portable(2) }
func roundRuns(p *runArgs)     { p.portable() }
func peakPairsAsm(*vecArgs)    {}
