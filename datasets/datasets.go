// Package datasets holds labelled examples and divides them among clients.
package datasets

import (
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Shape is the shape of one example; a flat vector of n features is an image of 1 x 1 x n.
type Shape = tensor.Shape

// Rand is a stream of random numbers.
type Rand = rng.Rand

// NewRand returns the stream that is named by seed, such as OpenOptions.Seed, by what it is for, and by ids. Streams of
// different names are independent, and none depends on what others have been asked: equal names give equal numbers.
func NewRand(seed uint64, purpose string, ids ...uint64) *Rand { return rng.New(seed, purpose, ids...) }

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
	// values, channels innermost) and their labels into y: the class of each example (len(index)), or, in a set with
	// Data.Regions, the set of regions that each pixel or voxel lies in (len(index) x Shape().Positions(), bit r for
	// region r).
	Fill(x []float32, y []int32, index []int32)
}

// Sited is a Source that knows which of Data.Sites each example comes from.
type Sited interface {
	Source
	// Site returns the place in Data.Sites of example i, -1 where that is not known.
	Site(i int) int
}

// Cased is a Source whose examples are parts of cases, such as the slices of one patient's scan. Cases are not divided:
// all examples of one go to the same client, and to the same side when some are held out.
type Cased interface {
	Sited
	// Case returns the number of the case that example i is part of, or of the patient if there are several cases of
	// one. The examples of a case have one label and one site.
	Case(i int) int
}

// CountCases returns of how many cases the examples of source that index names are parts. In a source that is not Cased
// each example is a case.
func CountCases(source Source, index []int32) int {
	cased, ok := source.(Cased)
	if !ok {
		return len(index)
	}
	seen := make(map[int]bool)
	for _, i := range index {
		seen[cased.Case(int(i))] = true
	}
	return len(seen)
}

// Case is a whole volume, such as the scan of one patient.
type Case struct {
	Name  string       // as the data set calls it
	Site  int          // place in Data.Sites, -1 where that is not known
	Shape tensor.Shape // of the volume: D slices of H x W pixels with C channels
}

// Cases is a set of whole volumes with the regions of their voxels. Implementations are safe for concurrent use.
type Cases interface {
	// Len returns the number of cases.
	Len() int
	// Case describes case i.
	Case(i int) Case
	// Read writes case i, normalised as examples are, into x (Shape.Size() values, channels innermost) and the set of
	// regions of each voxel into y (Shape.Positions() values, bit r for region r).
	Read(i int, x []float32, y []uint8)
}

// Data is a data set as a run uses it.
type Data struct {
	Name        string
	Train, Test Source
	ClassNames  []string
	Regions     []string      // what a segmentation marks in each example, at most 8; nil where examples have classes
	Cases       Cases         // the volumes that the examples of Test are parts of; nil without Regions
	Channels    []string      // what the channels of an example are, such as kinds of images; nil where they have no names
	Sites       []string      // where the examples come from, such as hospitals; nil where that is not known
	Norm        Normalisation // what made values of pixels; empty where examples are no images
	Digest      string        // SHA-256 over all that was read or generated, in hexadecimal
	Notes       []string      // what a reader should know, such as checksums that differ from the official ones
	Synthetic   bool          // generated, not real: figures say so
}
