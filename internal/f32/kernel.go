package f32

import "runtime"

// Kernel returns the name of the arithmetic in use. Results of equal names are equal bit by bit: gonum's dot products
// add up in another order in each architecture's assembly, so the name says which it is.
func Kernel() string { return "gonum-" + runtime.GOARCH }
