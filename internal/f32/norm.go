package f32

// Normalisation layers are built of the four loops below, with coefficients per column (channel) that their callers
// work out. Sums over rows are kept in float64.

// ColumnMoments adds to sum and square, column by column, the values of the rows of x and their squares.
func ColumnMoments(sum, square []float64, x []float32) {
	square = square[:len(sum)]
	for n := len(sum); len(x) > 0; x = x[n:] {
		row := x[:n]
		for c := range sum {
			v := float64(row[c])
			sum[c] += v
			square[c] += float64(v * v)
		}
	}
}

// ColumnProducts adds to sum and product, column by column, the values of the rows of d and their products with x.
func ColumnProducts(sum, product []float64, d, x []float32) {
	product = product[:len(sum)]
	for n := len(sum); len(x) > 0; x, d = x[n:], d[n:] {
		row, drow := x[:n], d[:n]
		for c := range sum {
			v := float64(drow[c])
			sum[c] += v
			product[c] += float64(v * float64(row[c]))
		}
	}
}

// ScaleShiftRows sets each row of y to a*x + b.
func ScaleShiftRows(y, x, a, b []float32) {
	b = b[:len(a)]
	for n := len(a); len(x) > 0; x, y = x[n:], y[n:] {
		row, out := x[:n], y[:n]
		for c := range a {
			out[c] = float32(a[c]*row[c]) + b[c]
		}
	}
}

// CombineRows sets each row of y to p*d + q*x + r.
func CombineRows(y, d, x, p, q, r []float32) {
	q, r = q[:len(p)], r[:len(p)]
	for n := len(p); len(x) > 0; x, d, y = x[n:], d[n:], y[n:] {
		row, drow, out := x[:n], d[:n], y[:n]
		for c := range p {
			out[c] = dropTiny(float32(p[c]*drow[c]) + float32(q[c]*row[c]) + r[c])
		}
	}
}
