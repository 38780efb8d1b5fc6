package nifti

import "math"

// affine returns the way from voxels to millimetres: that of the sform if its code says that there is one, else that
// of the qform, else the spacing alone.
func (f fields) affine(spacing []float64) [4][4]float64 {
	switch {
	case f.integer(f.sform, f.codeWidth) > 0:
		a := diagonal(nil)
		for i := range 12 {
			a[i/4][i%4] = f.float(f.srow, i)
		}
		return a
	case f.integer(f.qform, f.codeWidth) > 0:
		return f.rotation(spacing)
	default:
		return diagonal(spacing)
	}
}

// rotation returns the affine of the qform: a rotation given by three parts of a unit quaternion, spacings, a shift,
// and the direction of the third axis in pixdim[0].
func (f fields) rotation(spacing []float64) [4][4]float64 {
	b, c, d := f.float(f.quatern, 0), f.float(f.quatern, 1), f.float(f.quatern, 2)
	a := math.Sqrt(max(0, 1-(float64(b*b)+float64(c*c)+float64(d*d))))
	norm := math.Sqrt(float64(a*a) + float64(b*b) + float64(c*c) + float64(d*d)) // 1 but for rounding
	a, b, c, d = a/norm, b/norm, c/norm, d/norm
	sum := func(a, b, c, d float64) float64 { return float64(a*b) + float64(c*d) }
	r := [3][3]float64{
		{1 - 2*sum(c, c, d, d), 2 * sum(b, c, -a, d), 2 * sum(b, d, a, c)},
		{2 * sum(b, c, a, d), 1 - 2*sum(b, b, d, d), 2 * sum(c, d, -a, b)},
		{2 * sum(b, d, -a, c), 2 * sum(c, d, a, b), 1 - 2*sum(b, b, c, c)},
	}
	scale := diagonal(spacing)
	if f.float(f.pixdim, 0) < 0 {
		scale[2][2] = -scale[2][2]
	}
	out := diagonal(nil)
	for i := range 3 {
		for j := range 3 {
			out[i][j] = r[i][j] * scale[j][j]
		}
		out[i][3] = f.float(f.quatern, 3+i)
	}
	return out
}

// diagonal returns the affine of the first three spacings, 1 where there are fewer.
func diagonal(spacing []float64) [4][4]float64 {
	a := [4][4]float64{{1}, {0, 1}, {0, 0, 1}, {0, 0, 0, 1}}
	for i, s := range spacing[:min(3, len(spacing))] {
		a[i][i] = s
	}
	return a
}
