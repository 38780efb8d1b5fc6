package f32

// term is a float32 on its way through a chain of multiply-adds.
type term = float32

func widen(x float32) term  { return flush(x) }
func narrow(x term) float32 { return flush(x) }

// fmaRow computes acc[j] = fma(a, b[j], acc[j]): the compiler turns the expression into one fused instruction on arm64.
// Unlike the other kernels it keeps denormal sums inside a chain.
func fmaRow(acc, b []term, a term) {
	b = b[:len(acc)]
	for j := range acc {
		acc[j] += a * b[j]
	}
}
