package volumes

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/exp/mmap"

	"flsim/internal/tensor"
)

// A file of the cache holds one prepared scan, all numbers little-endian:
//
//	8 bytes   magic
//	4 bytes   CRC-32C of everything behind it
//	32 bytes  key: SHA-256 of what the file was made from, and how
//	16 bytes  D, H, W, C
//	8 bytes   voxels of the scan, before any resizing, in any region
//	4·D bytes voxels of each slice in any region
//	4·DHWC    values, float32, channels innermost
//	DHW bytes sets of regions
const (
	magic      = "flsimvol"
	checked    = len(magic) + crc32.Size // where the checksum's content starts
	fixedBytes = checked + len(key{}) + 4*4 + 8
)

// key tells apart what files were made from.
type key [32]byte

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write puts a prepared scan into the file path. It appears there whole or not at all, whoever else writes it at the
// same time.
func (p *prepared) write(path string, k key) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	sum := crc32.New(castagnoli)
	w := bufio.NewWriterSize(io.MultiWriter(f, sum), chunk)
	if _, err := f.WriteString(magic + "\x00\x00\x00\x00"); err != nil {
		return err
	}
	w.Write(p.header(k))
	p.writeValues(w)
	w.Write(p.y)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = f.WriteAt(binary.LittleEndian.AppendUint32(nil, sum.Sum32()), int64(len(magic)))
	return err
}

// header returns what stands between the checksum and the values.
func (p *prepared) header(k key) []byte {
	b := append([]byte(nil), k[:]...)
	for _, n := range []int{p.shape.D, p.shape.H, p.shape.W, p.shape.C} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(p.tumour))
	for _, n := range p.tumourBySlice() {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

// writeValues writes the values piece by piece; w keeps the error.
func (p *prepared) writeValues(w *bufio.Writer) {
	var piece [4 << 10]byte
	for v := p.x; len(v) > 0; {
		n := min(len(v), len(piece)/4)
		for i, x := range v[:n] {
			binary.LittleEndian.PutUint32(piece[4*i:], math.Float32bits(x))
		}
		w.Write(piece[:4*n])
		v = v[n:]
	}
}

// file is a file of the cache, mapped into memory. Its methods may be used by several goroutines at once.
type file struct {
	shape  tensor.Shape
	tumour int      // voxels of the scan in any region
	slices []uint32 // voxels of each slice in any region
	data   *mmap.ReaderAt
	values int64 // offset of the first value
	sets   int64 // offset of the first set of regions
}

// open maps a file that was written with key k. A file that is not there, is damaged or has another key is an error.
func open(path string, k key) (*file, error) {
	data, err := mmap.Open(path)
	if err != nil {
		return nil, err
	}
	f := &file{data: data}
	if err := f.verify(k); err != nil {
		data.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

var errDamaged = errors.New("the file is damaged")

// verify reads the header and goes through the whole file once.
func (f *file) verify(k key) error {
	head := make([]byte, fixedBytes)
	if _, err := f.data.ReadAt(head, 0); err != nil || string(head[:len(magic)]) != magic {
		return errDamaged
	}
	if key(head[checked:]) != k {
		return errors.New("the file was made of something else")
	}
	if sum, err := f.checksum(); err != nil || sum != binary.LittleEndian.Uint32(head[len(magic):]) {
		return errDamaged
	}
	numbers := head[checked+len(k):]
	f.tumour = int(binary.LittleEndian.Uint64(numbers[16:]))
	if f.shape = readShape(numbers, f.data.Len()); f.shape.D == 0 {
		return errDamaged
	}
	f.values = int64(fixedBytes + 4*f.shape.D)
	f.sets = f.values + int64(4*f.shape.Size())
	if f.sets+int64(f.shape.Positions()) != int64(f.data.Len()) {
		return errDamaged
	}
	counts := make([]byte, 4*f.shape.D)
	f.read(counts, int64(fixedBytes))
	f.slices = make([]uint32, f.shape.D)
	for z := range f.slices {
		f.slices[z] = binary.LittleEndian.Uint32(counts[4*z:])
	}
	return nil
}

// readShape returns the shape whose sides b holds, or none if its size exceeds limit.
func readShape(b []byte, limit int) tensor.Shape {
	var sides [4]int
	for i := range sides {
		sides[i] = int(binary.LittleEndian.Uint32(b[4*i:]))
		if sides[i] < 1 || sides[i] > limit {
			return tensor.Shape{}
		}
		limit /= sides[i]
	}
	return tensor.Shape{D: sides[0], H: sides[1], W: sides[2], C: sides[3]}
}

func (f *file) checksum() (uint32, error) {
	sum := crc32.New(castagnoli)
	_, err := io.CopyBuffer(sum, io.NewSectionReader(f.data, int64(checked), int64(f.data.Len()-checked)), make([]byte, chunk))
	return sum.Sum32(), err
}

// chunk is the size of the pieces in which files are read and written, in bytes.
const chunk = 64 << 10

var chunks = sync.Pool{New: func() any { return new([chunk]byte) }}

// read fills b from offset at, which verify has seen to be inside the file.
func (f *file) read(b []byte, at int64) {
	if _, err := f.data.ReadAt(b, at); err != nil {
		panic(fmt.Sprintf("volumes: reading %d bytes at %d of %d: %v", len(b), at, f.data.Len(), err))
	}
	runtime.KeepAlive(f) // the mapping ends when nobody holds f any more, in the midst of a read too
}

// littleEndian tells whether numbers lie in memory as they do in a file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// readValues fills x with consecutive values from that of voxel on.
func (f *file) readValues(x []float32, voxel int) {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
	f.read(raw, f.values+int64(4*voxel*f.shape.C))
	if !littleEndian {
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	}
}

// readSets fills y with the sets of regions of consecutive voxels.
func (f *file) readSets(y []int32, voxel int) {
	buffer := chunks.Get().(*[chunk]byte)
	defer chunks.Put(buffer)
	for at := f.sets + int64(voxel); len(y) > 0; {
		n := min(len(y), chunk)
		f.read(buffer[:n], at)
		for i, set := range buffer[:n] {
			y[i] = int32(set)
		}
		y, at = y[n:], at+int64(n)
	}
}
