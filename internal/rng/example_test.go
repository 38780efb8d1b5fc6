package rng_test

import (
	"fmt"

	"flsim/internal/rng"
)

// The order in which streams are drawn from does not matter.
func ExampleNew() {
	first, second := rng.New(1, "shuffle", 1), rng.New(1, "shuffle", 2)
	a, b := first.IntN(100), second.IntN(100)

	again := rng.New(1, "shuffle", 2)
	fmt.Println(b == again.IntN(100))
	again = rng.New(1, "shuffle", 1)
	fmt.Println(a == again.IntN(100))
	// Output:
	// true
	// true
}
