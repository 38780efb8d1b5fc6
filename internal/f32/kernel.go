package f32

import (
	"fmt"
	"os"
	"strings"
)

// level says which instruction set a kernel uses; higher ones are faster.
type level int

const (
	portable level = iota
	neon
	avx2
	avx512
)

var levelNames = [...]string{"portable", "neon", "avx2", "avx512"}

// family is a kernel: how it tiles a product, and the routine for one row of tiles.
type family struct {
	level  level
	width  int                            // columns of a tile
	height func(cols int) int             // most rows of a tile with so many columns
	tile   func(p *tileArgs, m, cols int) // see tileArgs
}

// kern is the kernel in use, and kernErr says why it isn't the one that the environment asks for.
var kern, kernErr = fromEnvironment(os.Getenv("FLSIM_KERNEL"))

func fromEnvironment(name string) (family, error) {
	all := families()
	if name == "" {
		return all[len(all)-1], nil
	}
	for _, f := range all {
		if levelNames[f.level] == name {
			return f, nil
		}
	}
	return all[len(all)-1], fmt.Errorf("FLSIM_KERNEL is %q, but this processor and build offer only %s", name, strings.Join(names(all), ", "))
}

func names(all []family) []string {
	var out []string
	for _, f := range all {
		out = append(out, levelNames[f.level])
	}
	return out
}

// Kernel returns the name of the kernel in use: portable, neon, avx2 or avx512. The environment variable
// FLSIM_KERNEL overrides the choice of the fastest.
func Kernel() string { return levelNames[kern.level] }

// Err tells whether FLSIM_KERNEL names a kernel that this processor or build lacks. The fastest is then in use.
func Err() error { return kernErr }

// Kernels lists the kernels that this processor and build offer, the fastest last.
func Kernels() []string { return names(families()) }
