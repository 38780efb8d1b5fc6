package f32

// Join interleaves two arrays of rows: each of the rows of y is a row of a followed by one of b.
func Join(y, a, b []float32, rows int) {
	wa, wb := len(a)/rows, len(b)/rows
	want("joined rows", len(y), rows*(wa+wb))
	for i := range rows {
		row := y[i*(wa+wb) : (i+1)*(wa+wb)]
		copy(row, a[i*wa:(i+1)*wa])
		copy(row[wa:], b[i*wb:(i+1)*wb])
	}
}

// Split undoes Join.
func Split(a, b, y []float32, rows int) {
	wa, wb := len(a)/rows, len(b)/rows
	want("joined rows", len(y), rows*(wa+wb))
	for i := range rows {
		row := y[i*(wa+wb) : (i+1)*(wa+wb)]
		copy(a[i*wa:(i+1)*wa], row)
		copy(b[i*wb:(i+1)*wb], row[wa:])
	}
}
