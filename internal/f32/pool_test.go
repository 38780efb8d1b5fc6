package f32

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// naivePool is the definition of maxPoolByTwo.
func naivePool(e [3]int, channels, n int, x []float32, relus bool) (y []float32, index []uint8) {
	out := pooled(e)
	deep := 1
	if e[0] > 1 {
		deep = 2
	}
	for i := range n * volume(out) {
		image, d, h, w := i/volume(out), i/out[1]/out[2]%out[0], i/out[2]%out[1], i%out[2]
		for c := range channels {
			best, winner := float32(0), -1
			for k := range 4 * deep {
				v := x[(((image*e[0]+d*deep+k/4)*e[1]+2*h+k/2%2)*e[2]+2*w+k%2)*channels+c]
				if winner < 0 || v > best {
					best, winner = v, k
				}
			}
			if relus && best <= 0 {
				best, winner = 0, NoPosition
			}
			y, index = append(y, best), append(index, uint8(winner))
		}
	}
	return
}

func TestMaxPoolOfAllChannelCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for channels := 1; channels <= 50; channels++ {
		for i, e := range [][3]int{{1, 4, 6}, {1, 5, 7}, {4, 4, 2}, {3, 5, 5}} {
			n := 1 + (channels+i)%3
			x := random(r, n*volume(e)*channels)
			for j := range x { // ties
				if j%3 == 0 {
					x[j] = float32(r.IntN(3) - 1)
				}
			}
			relus := (channels+i)%2 == 0
			y, index := naivePool(e, channels, n, x, relus)
			dy := random(r, len(y))
			eachKernel(t, func(t *testing.T) { checkPool(t, e, channels, n, relus, x, y, dy, index) })
		}
	}
}

func checkPool(t *testing.T, e [3]int, channels, n int, relus bool, x, y, dy []float32, index []uint8) {
	r := rand.New(rand.NewPCG(1, 1))
	name := fmt.Sprintf("%v x %d channels, %d images", e, channels, n)
	got, whole := guarded(r, len(y))
	positions := make([]uint8, len(index)+80)
	maxPoolByTwo(e, channels, n, got, positions[40:40+len(index)], x, relus)
	sameBits(t, name, got, y)
	checkGuards(t, whole)
	if want := append(append(make([]uint8, 40), index...), make([]uint8, 40)...); string(positions) != string(want) {
		t.Fatalf("%s: wrong positions", name)
	}
	dx, whole := guarded(r, len(x))
	maxPoolByTwoBackward(e, channels, n, dx, dy, index)
	checkGuards(t, whole)
	want := make([]float32, len(x))
	scatterNaively(e, channels, want, dy, index)
	sameBits(t, name+", backward", dx, want)
}

// scatterNaively is the definition of maxPoolByTwoBackward.
func scatterNaively(e [3]int, channels int, dx, dy []float32, index []uint8) {
	out := pooled(e)
	deep := min(2, e[0])
	for i, k := range index {
		if k == NoPosition {
			continue
		}
		p, c := i/channels, i%channels
		image, d, h, w := p/volume(out), p/out[1]/out[2]%out[0], p/out[2]%out[1], p%out[2]
		dx[(((image*e[0]+d*deep+int(k)/4)*e[1]+2*h+int(k)/2%2)*e[2]+2*w+int(k)%2)*channels+c] = dy[i]
	}
}

func TestTransposeAllSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	eachKernel(t, func(t *testing.T) {
		for rows := 1; rows <= 33; rows++ {
			for _, cols := range []int{1, 7, 8, 9, 16, 31, 33} {
				src := random(r, rows*(cols+3))
				dst, whole := guarded(r, cols*(rows+2)-2)
				want := append([]float32(nil), dst...)
				for i := range rows {
					for j := range cols {
						want[j*(rows+2)+i] = src[i*(cols+3)+j]
					}
				}
				transpose(dst, rows+2, src, cols+3, rows, cols)
				sameBits(t, fmt.Sprintf("%dx%d", rows, cols), dst, want)
				checkGuards(t, whole)
			}
		}
	})
}
