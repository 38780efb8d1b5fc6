package export

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"slices"

	"flsim/sim/record"
)

// EventsFile is the name of a run's event file. TensorBoard knows it by the word tfevents.
const EventsFile = "events.out.tfevents.0.flsim"

// Events writes a run as an event file of TensorBoard: each column is a scalar of that name, whose step is the round and
// whose wall time is the simulated time in seconds since 1970, so that TensorBoard's relative time is simulated time.
// Scalars are float32, as TensorBoard keeps them. Equal runs give equal bytes.
//
// A file is a sequence of TFRecords, each an Event of TensorFlow's protocol buffers (event.proto and summary.proto), which
// are written here field by field.
func Events(w io.Writer, r *record.Run) error {
	version := appendBytes(nil, fieldVersion, []byte("brain.Event:2"))
	if err := writeRecord(w, append(appendDouble(nil, fieldWallTime, 0), version...)); err != nil {
		return err
	}
	for _, row := range r.Rounds {
		if err := writeRecord(w, event(row)); err != nil {
			return err
		}
	}
	return nil
}

// Field numbers of the messages Event, Summary and Summary.Value.
const (
	fieldWallTime    = 1 // double
	fieldStep        = 2 // int64
	fieldVersion     = 3 // string
	fieldSummary     = 5 // Summary
	fieldValue       = 1 // repeated Summary.Value
	fieldTag         = 1 // string
	fieldSimpleValue = 2 // float
)

// event encodes one line of a run's records.
func event(row record.Row) []byte {
	var summary []byte
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if name == "round" || name == "sim_time_s" {
			continue
		}
		value := appendBytes(nil, fieldTag, []byte(name))
		value = appendFloat(value, fieldSimpleValue, float32(row[name]))
		summary = appendBytes(summary, fieldValue, value)
	}
	e := appendDouble(nil, fieldWallTime, row["sim_time_s"])
	e = appendVarint(e, fieldStep, uint64(row["round"]))
	return appendBytes(e, fieldSummary, summary)
}

// Wire types of protocol buffers.
const (
	varint    = 0
	fixed64   = 1
	delimited = 2
	fixed32   = 5
)

func appendKey(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

func appendVarint(b []byte, field int, x uint64) []byte {
	return binary.AppendUvarint(appendKey(b, field, varint), x)
}

func appendDouble(b []byte, field int, x float64) []byte {
	return binary.LittleEndian.AppendUint64(appendKey(b, field, fixed64), math.Float64bits(x))
}

func appendFloat(b []byte, field int, x float32) []byte {
	return binary.LittleEndian.AppendUint32(appendKey(b, field, fixed32), math.Float32bits(x))
}

func appendBytes(b []byte, field int, x []byte) []byte {
	b = binary.AppendUvarint(appendKey(b, field, delimited), uint64(len(x)))
	return append(b, x...)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of TFRecords: CRC32C, turned right by 15 bits, plus a constant.
func maskedCRC(b []byte) uint32 {
	sum := crc32.Checksum(b, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// writeRecord writes a TFRecord: length, its checksum, data, their checksum.
func writeRecord(w io.Writer, data []byte) error {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(data))
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("event file: %w", err)
	}
	return nil
}
