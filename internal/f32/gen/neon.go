package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// neon is one assembly file for arm64 being written, as text, since avo knows that architecture not. Routines take a
// pointer to a struct of eight-byte fields like those of asm; it stays in R0. R18, R27, R28 and R30 belong to others.
type neon struct {
	text   bytes.Buffer
	decls  []string
	tables []string
}

// neonLanes is how many float32 values a register holds.
const neonLanes = 4

// General registers with a fixed use in all routines.
const (
	modeReg = "R25" // the caller's floating-point mode
	tailReg = "R24" // bytes in use of the last register of a row: 4, 8, 12, or 16 where a routine says so
	tempReg = "R26"
)

// neonMacros move the first tailReg bytes between R26, which they change, and the register with the names V and F.
const neonMacros = `#include "textflag.h"

#define LOAD_TAIL(V, F) \
	TBZ $4, R24, 3(PC); \
	VLD1 (R26), [V.S4]; \
	B 8(PC); \
	TBNZ $3, R24, 3(PC); \
	FMOVS (R26), F; \
	B 5(PC); \
	FMOVD (R26), F; \
	TBZ $2, R24, 3(PC); \
	ADD $8, R26; \
	VLD1 (R26), V.S[2]

#define STORE_TAIL(V, F) \
	TBZ $4, R24, 3(PC); \
	VST1 [V.S4], (R26); \
	B 8(PC); \
	TBNZ $3, R24, 3(PC); \
	FMOVS F, (R26); \
	B 5(PC); \
	FMOVD F, (R26); \
	TBZ $2, R24, 3(PC); \
	ADD $8, R26; \
	VST1 V.S[2], (R26)
`

func newNeon() *neon {
	n := new(neon)
	n.text.WriteString(banner + "//go:build !noasm\n\n" + neonMacros)
	return n
}

// op writes one instruction.
func (n *neon) op(format string, args ...any) {
	n.text.WriteString("\t" + fmt.Sprintf(format, args...) + "\n")
}

func (n *neon) label(name string) { n.text.WriteString(name + ":\n") }

// begin starts a routine that takes a *params and sets the flush-to-zero mode. doc says what it computes.
func (n *neon) begin(name, params, doc string) {
	n.decls = append(n.decls, fmt.Sprintf("// %s\n//\n//go:noescape\nfunc %s(p *%s)\n", doc, name, params))
	fmt.Fprintf(&n.text, "\n// func %s(p *%s)\n// %s\nTEXT ·%s(SB), NOSPLIT, $0-8\n", name, params, doc, name)
	n.op("MOVD p+0(FP), R0")
	n.op("MRS FPCR, %s", modeReg)
	n.op("ORR $(1<<24), %s, %s", modeReg, tempReg)
	n.op("MSR %s, FPCR", tempReg)
}

// end leaves the routine with the caller's floating-point mode.
func (n *neon) end() {
	n.op("MSR %s, FPCR", modeReg)
	n.op("RET")
}

// loadField sets general register r to the i-th field of the parameters.
func (n *neon) loadField(i, r int) { n.op("MOVD %d(R0), R%d", 8*i, r) }

// broadcast sets all lanes of v to the float32 at byte off of the parameters.
func (n *neon) broadcast(off, v int) {
	n.op("ADD $%d, R0, %s", off, tempReg)
	n.op("VLD1R (%s), [V%d.S4]", tempReg, v)
}

// constant sets all lanes of v to bits.
func (n *neon) constant(bits uint32, v int) {
	n.op("MOVD $%#x, %s", bits, tempReg)
	n.op("VDUP %s, V%d.S4", tempReg, v)
}

func (n *neon) clear(v int) { n.op("VEOR V%d.B16, V%d.B16, V%d.B16", v, v, v) }

// threeSame are instructions of three registers that Go's assembler lacks, on four float32 lanes unless the name says
// otherwise. Their operands are those of Go's order: V(b), V(a), V(d), where d = a op b.
var threeSame = map[string]uint32{
	"FADD": 0x4e20d400, "FSUB": 0x4ea0d400, "FMUL": 0x6e20dc00, "FDIV": 0x6e20fc00,
	"FCMGT": 0x6ea0e400, "FCMGE": 0x6e20e400, "FCMEQ": 0x4e20e400,
	"FADD.D2": 0x4e60d400, "BIC": 0x4e601c00,
}

// twoSame are instructions of two registers that Go's assembler lacks.
var twoSame = map[string]uint32{
	"FSQRT": 0x6ea1f800, "FABS": 0x4ea0f800, "FCMLT0": 0x4ea0e800, "FCMLE0": 0x6ea0d800, "FCVTL": 0x0e617800,
}

// three writes the instruction d = a name b.
func (n *neon) three(name string, b, a, d int) {
	code, ok := threeSame[name]
	if !ok {
		panic("no instruction " + name)
	}
	n.op("WORD $%#08x // %s V%d, V%d, V%d", code|uint32(b<<16|a<<5|d), name, b, a, d)
}

// two writes the instruction d = name a.
func (n *neon) two(name string, a, d int) {
	code, ok := twoSame[name]
	if !ok {
		panic("no instruction " + name)
	}
	n.op("WORD $%#08x // %s V%d, V%d", code|uint32(a<<5|d), name, a, d)
}

// vregs is the list of count registers from number first on, as loads and stores take it.
func vregs(first, count int) string {
	s := "["
	for i := range count {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("V%d.S4", first+i)
	}
	return s + "]"
}

// Arm processors decide before rounding whether a result is too small, those of the x86 family after it. They differ
// where a result below the least normal number rounds up to it. So products and fused multiply-adds are also computed 2^64
// times as large: where that gives the least normal number times 2^64, the result is the former. No operand that would
// overflow can have such a result. Sums below the least normal number are exact, and quotients never round up to it.
const (
	bigReg    = 28 // 2^64 in every lane
	edgeReg   = 29 // 2^-62, which is 2^64 times the least normal number
	smallReg  = 30 // 2^-64
	exactTemp = 26 // and the one behind it
)

// exactSetup loads the constants of the exact operations below.
func (n *neon) exactSetup() {
	n.constant(0x5f800000, bigReg)
	n.constant(0x20800000, edgeReg)
	n.constant(0x1f800000, smallReg)
}

// repair makes r, the result of an operation, the least normal number where scaled, 2^64 times it, says so.
func (n *neon) repair(r, scaled int) {
	m := exactTemp + 1
	n.two("FABS", scaled, m)
	n.op("VCMEQ V%d.S4, V%d.S4, V%d.S4", edgeReg, m, m)
	n.three("FMUL", smallReg, scaled, scaled)
	n.op("VBIT V%d.B16, V%d.B16, V%d.B16", m, scaled, r)
}

// fma computes acc += x*y exactly.
func (n *neon) fma(x, y, acc int) {
	n.three("FMUL", bigReg, acc, exactTemp)
	n.three("FMUL", bigReg, x, exactTemp+1)
	n.op("VFMLA V%d.S4, V%d.S4, V%d.S4", exactTemp+1, y, exactTemp)
	n.op("VFMLA V%d.S4, V%d.S4, V%d.S4", x, y, acc)
	n.repair(acc, exactTemp)
}

// mul computes d = x*y exactly. d may be either.
func (n *neon) mul(x, y, d int) {
	n.three("FMUL", bigReg, x, exactTemp)
	n.three("FMUL", y, exactTemp, exactTemp)
	n.three("FMUL", y, x, d)
	n.repair(d, exactTemp)
}

// clip clears the lanes of x that are below zero, with t as scratch. NaN and negative zero stay.
func (n *neon) clip(x, t int) {
	n.two("FCMLT0", x, t)
	n.three("BIC", t, x, x)
}

// dropTiny clears the lanes of x whose magnitude is below tiny's.
func (n *neon) dropTiny(x, tiny, t int) {
	n.two("FABS", x, t)
	n.three("FCMGT", t, tiny, t)
	n.three("BIC", t, x, x)
}

// keepPositive clears the lanes of x where y <= 0.
func (n *neon) keepPositive(x, y, t int) {
	n.two("FCMLE0", y, t)
	n.three("BIC", t, x, x)
}

func (n *neon) write(dir, name string) {
	check(os.WriteFile(filepath.Join(dir, name), n.text.Bytes(), 0o644))
}

// generateNeon writes the files for arm64 to dir.
func generateNeon(dir string) {
	var b bytes.Buffer
	b.WriteString(banner + "//go:build arm64 && !noasm\n\npackage f32\n")
	tables := ""
	for _, f := range []struct {
		name string
		fill func(n *neon)
	}{
		{"tileneon_arm64.s", (*neon).tiles}, {"vecneon_arm64.s", (*neon).elementwise},
		{"normneon_arm64.s", (*neon).norms}, {"poolneon_arm64.s", (*neon).poolsAndMoves},
	} {
		n := newNeon()
		f.fill(n)
		n.write(dir, f.name)
		for _, d := range n.decls {
			b.WriteString("\n" + d)
		}
		for _, t := range n.tables {
			tables += "\n" + t
		}
	}
	b.WriteString(tables)
	check(os.WriteFile(filepath.Join(dir, "asm_arm64.go"), b.Bytes(), 0o644))
}
