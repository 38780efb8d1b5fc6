// Package datasets holds labelled examples and divides them among clients.
package datasets

import "flsim/internal/tensor"

// Source is a set of labelled examples. Implementations are safe for concurrent use.
type Source interface {
	// Len returns the number of examples.
	Len() int
	// Shape returns the shape of one example as Fill writes it.
	Shape() tensor.Shape
	// Classes returns the number of classes.
	Classes() int
	// Label returns the class of example i.
	Label(i int) int
	// Fill writes the examples named by index, normalised, one after another into x (len(index) x Shape().Size()
	// values, channels innermost) and their classes into y (len(index)).
	Fill(x []float32, y []int32, index []int32)
}

// Data is a data set as a run uses it.
type Data struct {
	Name        string
	Train, Test Source
	ClassNames  []string
	Digest      string   // SHA-256 over all that was read or generated, in hexadecimal
	Notes       []string // what a reader should know, such as checksums that differ from the official ones
	Synthetic   bool     // generated, not real: figures say so
}
