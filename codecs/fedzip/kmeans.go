package fedzip

// clustering is what Lloyd's algorithm made of a tensor. Clusters are labelled from the lowest value to the highest.
type clustering struct {
	nearest   []float64 // ascending points: cluster i holds what is nearest to nearest[i]
	centroids []float64 // the clusters' means, with the exception that fit describes
	counts    []int     // members of each cluster, zeros included
}

// fit clusters values, none of which is zero, and a number of zeros. It starts from k points equally spaced from the smallest
// element to the largest. In each iteration an element joins the nearest centroid, the lower one of two that are equally
// near, and every centroid moves to the mean of its members; those of the lowest and the highest cluster, however, to
// the mean of their members that are not zero (authors' code). The last step is a move, so that members are those of
// the centroids before it.
func fit(values []float64, zeros, k, iterations int) *clustering {
	c := &clustering{nearest: make([]float64, k), centroids: spaced(values, zeros > 0, k), counts: make([]int, k)}
	sums := make([]float64, k)
	for range iterations {
		c.assign(values, sums)
		for i := range c.centroids {
			if c.counts[i] > 0 && (i == 0 || i == k-1) {
				c.centroids[i] = sums[i] / float64(c.counts[i])
			}
		}
		c.counts[c.label(0)] += zeros
		for i := 1; i < k-1; i++ {
			if c.counts[i] > 0 {
				c.centroids[i] = sums[i] / float64(c.counts[i])
			}
		}
	}
	return c
}

// spaced returns k equally spaced points.
func spaced(values []float64, zero bool, k int) []float64 {
	low, high := 0.0, 0.0
	if !zero && len(values) > 0 {
		low, high = values[0], values[0]
	}
	for _, x := range values {
		low, high = min(low, x), max(high, x)
	}
	points := make([]float64, k)
	for i := range points {
		points[i] = low + (high-low)*float64(i)/float64(k-1)
	}
	points[k-1] = high
	return points
}

// assign gives every element to the nearest centroid and sums up the members of every cluster.
func (c *clustering) assign(values, sums []float64) {
	copy(c.nearest, c.centroids)
	clear(sums)
	clear(c.counts)
	for _, x := range values {
		i := c.label(x)
		sums[i] += x
		c.counts[i]++
	}
}

// label returns the cluster of x.
func (c *clustering) label(x float64) int {
	label := 0
	for i := range len(c.nearest) - 1 {
		if x-c.nearest[i] > c.nearest[i+1]-x {
			label++
		}
	}
	return label
}

// symbols gives every label its symbol: the largest cluster the first one, so that coders know the majority without
// being told, and the others the rest in ascending order. If zero has a symbol of its own, all ascend behind it.
func (c *clustering) symbols(exact bool) []uint32 {
	symbol := make([]uint32, len(c.counts))
	if exact {
		for i := range symbol {
			symbol[i] = uint32(i) + 1
		}
		return symbol
	}
	most := 0
	for i, n := range c.counts {
		if n > c.counts[most] {
			most = i
		}
	}
	for i := range symbol {
		switch {
		case i == most:
			symbol[i] = 0
		case i < most:
			symbol[i] = uint32(i) + 1
		default:
			symbol[i] = uint32(i)
		}
	}
	return symbol
}
