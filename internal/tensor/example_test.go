package tensor_test

import (
	"fmt"

	"flsim/internal/tensor"
)

func ExampleLayout() {
	var l tensor.Layout
	l = l.Add("fc/kernel", tensor.Weight, 2, 3)
	l = l.Add("fc/bias", tensor.Bias, 3)
	v := []float32{1, 2, 3, 4, 5, 6, 0.1, 0.2, 0.3}
	for _, s := range l {
		fmt.Println(s.Name, s.Kind, s.Shape, s.Of(v))
	}
	fmt.Println(l.Len(), "elements")
	// Output:
	// fc/kernel weight [2 3] [1 2 3 4 5 6]
	// fc/bias bias [3] [0.1 0.2 0.3]
	// 9 elements
}
