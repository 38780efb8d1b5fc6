package f32

// JoinChannels stores behind the cx channels of every position of x the cy channels of the same position of y.
func JoinChannels(dst, x, y []float32, cx, cy int) {
	checkChannels(dst, x, y, cx, cy)
	eachPosition(len(x)/cx, cx, cy, func(i, n int) {
		copyRows(dst[i*(cx+cy):], x[i*cx:], n, cx+cy, cx, cx)
		copyRows(dst[i*(cx+cy)+cx:], y[i*cy:], n, cx+cy, cy, cy)
	})
}

// SplitChannels is the reverse of JoinChannels, as its backward pass needs it.
func SplitChannels(x, y, src []float32, cx, cy int) {
	checkChannels(src, x, y, cx, cy)
	eachPosition(len(x)/cx, cx, cy, func(i, n int) {
		copyRows(x[i*cx:], src[i*(cx+cy):], n, cx, cx+cy, cx)
		copyRows(y[i*cy:], src[i*(cx+cy)+cx:], n, cy, cx+cy, cy)
	})
}

func checkChannels(joint, x, y []float32, cx, cy int) {
	positions := len(x) / cx
	want("channels", len(x), positions*cx)
	want("channels", len(y), positions*cy)
	want("joint channels", len(joint), positions*(cx+cy))
}

// eachPosition calls f for runs of positions that stay in the first-level cache.
func eachPosition(positions, cx, cy int, f func(i, n int)) {
	const values = 1 << 12
	step := max(1, values/(cx+cy))
	for i := 0; i < positions; i += step {
		f(i, min(step, positions-i))
	}
}

// copyRows copies n rows of k values that lie to and from values apart.
func copyRows(dst, src []float32, n, to, from, k int) {
	if k%8 != 0 {
		for i := range n {
			copy(dst[i*to:][:k], src[i*from:])
		}
		return
	}
	for j := 0; j < k; j += 8 { // blocks that the compiler copies without a call
		for i := range n {
			*(*[8]float32)(dst[i*to+j:]) = *(*[8]float32)(src[i*from+j:])
		}
	}
}
