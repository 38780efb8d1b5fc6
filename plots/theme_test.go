package plots

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestDistinct(t *testing.T) {
	for _, c := range []struct{ orders, want []int }{
		{[]int{0, 1, 2}, []int{0, 1, 2}},
		{[]int{0, 7}, []int{0, 1}},
		{[]int{0, 7, 1}, []int{0, 2, 1}},
		{[]int{7, 8}, []int{7, 8}},
		{[]int{7, 0}, []int{7, 1}},
	} {
		if got := Distinct(c.orders); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.orders, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SliceOfNDistinct(rapid.IntRange(0, 200), 0, len(palette), rapid.ID).Draw(t, "orders")
		seen := map[any]bool{}
		for _, order := range Distinct(orders) {
			seen[lookOf(order).color] = true
		}
		if len(seen) != len(orders) {
			t.Fatalf("%v: %d colours", Distinct(orders), len(seen))
		}
	})
}
