package export

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"hash/crc32"
	"math"
	"math/bits"
	"strings"
	"testing"

	"flsim/sim/record"
)

// runs are two runs, of which one is swept and has columns that the other lacks.
func runs() []*record.Run {
	return []*record.Run{
		{Dir: "x/e/a-s1-00000000", Manifest: record.Manifest{Experiment: "e", Variant: "a", Label: `A, "plain"`, Seed: 1},
			Rounds: []record.Row{{"round": 0, "sim_time_s": 0, "accuracy": 0.1}, {"round": 1, "sim_time_s": 2.5, "uplink_wire_bits": 123456789}}},
		{Dir: "x/e/b-s2-00000000", Manifest: record.Manifest{Experiment: "e", Variant: "b", Label: "B", Seed: 1<<64 - 1,
			Axes: record.Axes{"codec.q.bits": 4.0, "uplink.error_feedback": true, "uplink.chain": `["q"]`}},
			Rounds: []record.Row{{"round": 0, "sim_time_s": 0, "accuracy": 0.25, "loss": 1e-9}}},
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := NewTable(runs()).CSV(&b); err != nil {
		t.Fatal(err)
	}
	want := `run,experiment,variant,label,seed,codec.q.bits,uplink.chain,uplink.error_feedback,round,sim_time_s,accuracy,loss,uplink_wire_bits
a-s1-00000000,e,a,"A, ""plain""",1,,,,0,0,0.1,,
a-s1-00000000,e,a,"A, ""plain""",1,,,,1,2.5,,,123456789
b-s2-00000000,e,b,B,18446744073709551615,4,"[""q""]",true,0,0,0.25,1e-09,
`
	if b.String() != want {
		t.Errorf("table\n%s\nwant\n%s", b.String(), want)
	}
}

// The two forms of the table say the same.
func TestJSONL(t *testing.T) {
	var text, lines bytes.Buffer
	table := NewTable(runs())
	if err := table.CSV(&text); err != nil {
		t.Fatal(err)
	}
	if err := table.JSONL(&lines); err != nil {
		t.Fatal(err)
	}
	cells, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	in := json.NewDecoder(&lines)
	in.UseNumber()
	for _, row := range cells[1:] {
		var object map[string]any
		if err := in.Decode(&object); err != nil {
			t.Fatal(err)
		}
		for i, name := range cells[0] {
			got := ""
			switch v := object[name].(type) {
			case json.Number:
				got = v.String()
			case bool:
				got = map[bool]string{true: "true", false: "false"}[v]
			case string:
				got = v
			}
			if got != row[i] {
				t.Errorf("%s is %q in CSV and %q in JSON", name, row[i], got)
			}
			delete(object, name)
		}
		if len(object) > 0 {
			t.Errorf("JSON has more: %v", object)
		}
	}
	if in.More() {
		t.Error("JSON has more lines")
	}
}

// field is one field of a protocol buffer.
type field struct {
	number int
	value  uint64 // of numbers, their bits
	data   []byte
}

// fields takes a protocol buffer apart, by the encoding's public description alone.
func fields(t *testing.T, b []byte) (list []field) {
	t.Helper()
	next := func() (x uint64) {
		for shift := 0; ; shift += 7 {
			c := b[0]
			b = b[1:]
			x |= uint64(c&0x7f) << shift
			if c < 0x80 {
				return x
			}
		}
	}
	for len(b) > 0 {
		key := next()
		f := field{number: int(key >> 3)}
		switch key & 7 {
		case 0:
			f.value = next()
		case 1:
			f.value, b = binary.LittleEndian.Uint64(b), b[8:]
		case 2:
			n := next()
			f.data, b = b[:n], b[n:]
		case 5:
			f.value, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		default:
			t.Fatalf("wire type %d", key&7)
		}
		list = append(list, f)
	}
	return list
}

// records takes a file of TFRecords apart and checks their checksums.
func records(t *testing.T, b []byte) (list [][]byte) {
	t.Helper()
	table := crc32.MakeTable(0x82f63b78)
	check := func(data, sum []byte) {
		want := bits.RotateLeft32(crc32.Checksum(data, table), -15) + 2726488792
		if binary.LittleEndian.Uint32(sum) != want {
			t.Fatalf("checksum %x, want %x", sum, want)
		}
	}
	for len(b) > 0 {
		n := binary.LittleEndian.Uint64(b)
		check(b[:8], b[8:12])
		check(b[12:12+n], b[12+n:])
		list = append(list, b[12:12+n])
		b = b[16+n:]
	}
	return list
}

func TestEvents(t *testing.T) {
	var b bytes.Buffer
	run := runs()[0]
	if err := Events(&b, run); err != nil {
		t.Fatal(err)
	}
	list := records(t, b.Bytes())
	if len(list) != 3 || !strings.Contains(string(list[0]), "brain.Event:2") {
		t.Fatalf("%d records, the first is %q", len(list), list[0])
	}
	for i, row := range run.Rounds {
		e := fields(t, list[i+1])
		if len(e) != 3 || math.Float64frombits(e[0].value) != row["sim_time_s"] || e[1].value != uint64(row["round"]) || e[2].number != 5 {
			t.Fatalf("event %v of %v", e, row)
		}
		values := fields(t, e[2].data)
		if len(values) != 1 || len(row) != 3 {
			t.Fatalf("%d values of %v", len(values), row)
		}
		for _, v := range values {
			pair := fields(t, v.data)
			if got, want := math.Float32frombits(uint32(pair[1].value)), float32(row[string(pair[0].data)]); got != want || want == 0 {
				t.Errorf("%s is %v, want %v", pair[0].data, got, want)
			}
		}
	}
}

// Three checksums from other implementations: of nothing, of "123456789" and of eight zeroes.
func TestMaskedCRC(t *testing.T) {
	for text, crc := range map[string]uint32{"": 0, "123456789": 0xe3069283, "\x00\x00\x00\x00\x00\x00\x00\x00": 0x8c28b28a} {
		if got, want := maskedCRC([]byte(text)), bits.RotateLeft32(crc, 17)+0xa282ead8; got != want {
			t.Errorf("%q has checksum %#x, want %#x", text, got, want)
		}
	}
}
