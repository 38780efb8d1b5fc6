package plots

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// sampleFigure shows smooth curves with noise.
func sampleFigure(seeds int) *Figure {
	f := &Figure{Title: "Sample", Subtitle: "χ² of λ = 0.3 µm × ä", XLabel: "Uplink (Mbit)", YLabel: "Accuracy (%)", LogX: true, Targets: []Target{{60, "target 60", true}}}
	for order := range 5 {
		s := Series{Label: fmt.Sprintf("QSGD, %d bit", 1<<order), Order: order}
		for seed := range seeds {
			g := rand.New(rand.NewPCG(uint64(order), uint64(seed)))
			var c Curve
			for n := range 60 {
				c.X = append(c.X, float64(n)*math.Pow(2, float64(order))/4)
				gain := 1 - math.Exp(-0.06*float64(n))
				c.Y = append(c.Y, 10+(70-4*float64(order))*gain+2*g.NormFloat64()*gain)
			}
			s.Seeds = append(s.Seeds, c)
		}
		f.Series = append(f.Series, s)
	}
	return f
}
