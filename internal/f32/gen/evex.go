package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The Go assembler lacks the instructions of AVX512-BF16. They pass through avo's register allocation under their names
// and are then replaced by their bytes: EVEX-encoded, 512 bits wide, from opcode map 0F38.
var evexOpcodes = map[string]struct{ prefix, opcode byte }{
	"VDPBF16PS":      {2, 0x52}, // prefix F3
	"VCVTNE2PS2BF16": {3, 0x72}, // prefix F2
}

// evex emits an instruction of the table. ops are in Go's order: the last one is the destination, which is read as well
// if accumulate. A memory operand comes first and is broadcast, one 32-bit word to all lanes.
func (a *asm) evex(name string, accumulate bool, ops ...operand.Op) {
	last := len(ops) - 1
	i := &ir.Instruction{Opcode: name, Operands: ops, Inputs: ops[:last], Outputs: ops[last:], ISA: []string{"AVX512_BF16"}}
	if accumulate {
		i.Inputs = ops
	}
	if operand.IsMem(ops[0]) {
		i.Suffixes = []string{"BCST"}
	}
	a.Instruction(i)
}

var evexLine = regexp.MustCompile(`(?m)^\t(VDPBF16PS|VCVTNE2PS2BF16)(?:\.BCST)? +(.*)$`)

// encodeEVEX replaces the instructions that the assembler lacks by their bytes.
func encodeEVEX(text string) string {
	return evexLine.ReplaceAllStringFunc(text, func(line string) string {
		m := evexLine.FindStringSubmatch(line)
		var out []string
		for _, b := range evexBytes(m[1], strings.Split(m[2], ", ")) {
			out = append(out, fmt.Sprintf("BYTE $0x%02x", b))
		}
		return "\t" + strings.Join(out, "; ") + " // " + strings.TrimLeft(line, "\t")
	})
}

// evexBytes encodes an instruction of three operands.
func evexBytes(name string, ops []string) []byte {
	op := evexOpcodes[name]
	middle, dst := vectorNumber(ops[1]), vectorNumber(ops[2])
	const length = 2 // 512 bits
	var x, b, broadcast int
	var tail []byte
	if strings.HasPrefix(ops[0], "Z") {
		src := vectorNumber(ops[0])
		x, b = src>>4, src>>3&1
		tail = []byte{byte(0xc0 | dst&7<<3 | src&7)}
	} else {
		broadcast = 1
		x, b, tail = memoryBytes(dst, ops[0])
	}
	not := func(bit int) int { return ^bit & 1 }
	p0 := not(dst>>3&1)<<7 | not(x)<<6 | not(b)<<5 | not(dst>>4)<<4 | 2
	p1 := (^middle&15)<<3 | 4 | int(op.prefix)
	p2 := length<<5 | broadcast<<4 | not(middle>>4)<<3
	return append([]byte{0x62, byte(p0), byte(p1), byte(p2), op.opcode}, tail...)
}

var memoryOperand = regexp.MustCompile(`^(-?\d+)?\((\w+)\)(?:\((\w+)\*(\d)\))?$`)

// memoryBytes encodes the memory operand text: the high bits of index and base, and the bytes from ModRM on.
// Displacements of eight bits count in words of four bytes.
func memoryBytes(dst int, text string) (x, b int, out []byte) {
	m := memoryOperand.FindStringSubmatch(text)
	if m == nil {
		panic("evex: can't encode the operand " + text)
	}
	disp, _ := strconv.Atoi(m[1])
	base := generalNumber(m[2])
	mod := 0
	switch {
	case disp == 0 && base&7 != 5:
	case disp%4 == 0 && disp/4 >= -128 && disp/4 < 128:
		mod = 1
	default:
		mod = 2
	}
	if m[3] == "" && base&7 != 4 {
		out = []byte{byte(mod<<6 | dst&7<<3 | base&7)}
	} else {
		index, scale := 4, 0 // no index
		if m[3] != "" {
			index = generalNumber(m[3])
			scale = map[string]int{"1": 0, "2": 1, "4": 2, "8": 3}[m[4]]
		}
		x = index >> 3
		out = []byte{byte(mod<<6 | dst&7<<3 | 4), byte(scale<<6 | index&7<<3 | base&7)}
	}
	switch mod {
	case 1:
		out = append(out, byte(disp/4))
	case 2:
		out = append(out, byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
	}
	return x, base >> 3, out
}

func vectorNumber(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "Z"))
	if err != nil {
		panic("evex: can't encode the register " + name)
	}
	return n
}

func generalNumber(name string) int {
	for n, r := range []string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI"} {
		if r == name {
			return n
		}
	}
	n, err := strconv.Atoi(strings.TrimPrefix(name, "R"))
	if err != nil || n < 8 || n > 15 {
		panic("evex: can't encode the register " + name)
	}
	return n
}

// dot adds the products of pairs: every 32-bit lane of dst gets the two products of the bfloat16 in that lane of x and y.
func (a *asm) dot(x operand.Op, y, dst reg.Register) { a.evex("VDPBF16PS", true, x, y, dst) }

// narrowTwo rounds the float32 of low and then those of high to bfloat16.
func (a *asm) narrowTwo(low, high, dst reg.Register) { a.evex("VCVTNE2PS2BF16", false, low, high, dst) }
