package plots

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// markers are closed shapes around a centre, of about equal area for equal r.
var markers = []func(at vg.Point, r vg.Length) vg.Path{
	circle,
	polygon(4, math.Pi/4, 1.25),   // square
	polygon(3, math.Pi/2, 1.45),   // triangle
	polygon(4, math.Pi/2, 1.35),   // diamond
	polygon(3, 3*math.Pi/2, 1.45), // triangle on its tip
}

// circle returns four cubic arcs: the canvases' own arcs differ from format to format.
func circle(at vg.Point, r vg.Length) vg.Path {
	const k = 0.5522847498 // 4/3 tan(pi/8): the usual control distance for a quarter
	on := func(x, y vg.Length) vg.Point { return vg.Point{X: at.X + x*r, Y: at.Y + y*r} }
	var p vg.Path
	p.Move(on(1, 0))
	p.CubeTo(on(1, k), on(k, 1), on(0, 1))
	p.CubeTo(on(-k, 1), on(-1, k), on(-1, 0))
	p.CubeTo(on(-1, -k), on(-k, -1), on(0, -1))
	p.CubeTo(on(k, -1), on(1, -k), on(1, 0))
	p.Close()
	return p
}

// polygon returns a regular polygon with the first corner at the angle first (radians) and corners at radius r*grow.
func polygon(corners int, first float64, grow vg.Length) func(vg.Point, vg.Length) vg.Path {
	return func(at vg.Point, r vg.Length) vg.Path {
		var p vg.Path
		for i := range corners {
			sin, cos := math.Sincos(first + 2*math.Pi*float64(i)/float64(corners))
			corner := vg.Point{X: at.X + r*grow*vg.Length(cos), Y: at.Y + r*grow*vg.Length(sin)}
			if i == 0 {
				p.Move(corner)
			} else {
				p.Line(corner)
			}
		}
		p.Close()
		return p
	}
}

// rectangle returns the outline of r.
func rectangle(r vg.Rectangle) vg.Path {
	var p vg.Path
	p.Move(r.Min)
	p.Line(vg.Point{X: r.Max.X, Y: r.Min.Y})
	p.Line(r.Max)
	p.Line(vg.Point{X: r.Min.X, Y: r.Max.Y})
	p.Close()
	return p
}

// closed returns the outline with the given corners.
func closed(corners []vg.Point) vg.Path {
	var p vg.Path
	p.Move(corners[0])
	for _, corner := range corners[1:] {
		p.Line(corner)
	}
	p.Close()
	return p
}
