package f32

// Kernel returns the name of the arithmetic in use. Results of equal names are equal bit by bit.
func Kernel() string { return "portable" }
