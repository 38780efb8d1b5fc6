package f32

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestJoinAndSplitChannels(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	for _, c := range [][2]int{{1, 1}, {3, 8}, {8, 8}, {16, 8}, {5, 2}, {32, 24}} {
		for _, positions := range []int{0, 1, 7, 300} {
			x, y := random(r, positions*c[0]), random(r, positions*c[1])
			joint, whole := guarded(r, len(x)+len(y))
			JoinChannels(joint, x, y, c[0], c[1])
			checkGuards(t, whole)
			for i, v := range joint {
				p, k := i/(c[0]+c[1]), i%(c[0]+c[1])
				want := x
				at := p*c[0] + k
				if k >= c[0] {
					want, at = y, p*c[1]+k-c[0]
				}
				if v != want[at] {
					t.Fatalf("%d+%d channels: channel %d of position %d is %g, want %g", c[0], c[1], k, p, v, want[at])
				}
			}
			x2, wholeX := guarded(r, len(x))
			y2, wholeY := guarded(r, len(y))
			SplitChannels(x2, y2, joint, c[0], c[1])
			checkGuards(t, wholeX)
			checkGuards(t, wholeY)
			sameBits(t, fmt.Sprint(c, positions, ", first part"), x2, x)
			sameBits(t, fmt.Sprint(c, positions, ", second part"), y2, y)
		}
	}
}
