package nifti

import (
	"fmt"
	"strings"
)

// Datatype is the type of stored voxels, numbered as the format numbers it.
type Datatype int

// The types of voxels that are single real numbers.
const (
	Uint8   Datatype = 2
	Int16   Datatype = 4
	Int32   Datatype = 8
	Float32 Datatype = 16
	Float64 Datatype = 64
	Int8    Datatype = 256
	Uint16  Datatype = 512
	Uint32  Datatype = 768
	Int64   Datatype = 1024
	Uint64  Datatype = 1280
)

// types are those that are read, in the order of error messages.
var types = []struct {
	code Datatype
	name string
	size int // bytes
}{
	{Uint8, "uint8", 1}, {Int8, "int8", 1}, {Uint16, "uint16", 2}, {Int16, "int16", 2}, {Uint32, "uint32", 4},
	{Int32, "int32", 4}, {Uint64, "uint64", 8}, {Int64, "int64", 8}, {Float32, "float32", 4}, {Float64, "float64", 8},
}

// others are legal types of voxels that are no single number that fits float64.
var others = map[Datatype]string{
	1: "binary", 32: "complex64", 128: "RGB24", 1536: "float128", 1792: "complex128", 2048: "complex256", 2304: "RGBA32",
}

// size returns the bytes of a voxel, 0 if voxels of this type are not read.
func (t Datatype) size() int {
	for _, known := range types {
		if known.code == t {
			return known.size
		}
	}
	return 0
}

// String returns the name of the type.
func (t Datatype) String() string {
	for _, known := range types {
		if known.code == t {
			return known.name
		}
	}
	if name := others[t]; name != "" {
		return name
	}
	return fmt.Sprintf("the unknown datatype code %d", int(t))
}

// typeNames lists the types that are read.
func typeNames() string {
	var names []string
	for _, t := range types {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}
