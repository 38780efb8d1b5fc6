package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEncoding compares a few instructions with the bytes that the GNU assembler makes of them.
func TestEncoding(t *testing.T) {
	for line, want := range map[string]string{
		"VDPBF16PS Z4, Z2, Z0":                   "62 f2 6e 48 52 c4",
		"VDPBF16PS Z31, Z17, Z12":                "62 12 76 40 52 e7",
		"VDPBF16PS.BCST (DI)(SI*1), Z28, Z12":    "62 72 1e 50 52 24 37",
		"VDPBF16PS.BCST 4(R13), Z1, Z30":         "62 42 76 58 52 75 01",
		"VDPBF16PS.BCST 1024(SP)(R12*4), Z1, Z2": "62 b2 76 58 52 94 a4 00 04 00 00",
		"VCVTNE2PS2BF16 Z1, Z2, Z1":              "62 f2 6f 48 72 c9",
	} {
		m := evexLine.FindStringSubmatch("\t" + line)
		if got := fmt.Sprintf("% x", evexBytes(m[1], strings.Split(m[2], ", "))); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// TestEncodingAgainstDisassembler lets objdump read the instructions of the generated file, and every kind of operand.
func TestEncodingAgainstDisassembler(t *testing.T) {
	if _, err := exec.LookPath("objdump"); err != nil {
		t.Skip("no objdump here")
	}
	lines := operandKinds()
	dir := t.TempDir()
	generate(dir)
	text, err := os.ReadFile(filepath.Join(dir, "bf16_amd64.s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`BYTE .*// (.*)`).FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, m[1])
	}
	var code []byte
	for _, line := range lines {
		m := evexLine.FindStringSubmatch("\t" + line)
		code = append(code, evexBytes(m[1], strings.Split(m[2], ", "))...)
	}
	file := filepath.Join(dir, "code")
	if err := os.WriteFile(file, code, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`(?m)^ +[0-9a-f]+:\t(.*?) *$`).FindAllStringSubmatch(string(out), -1)
	if len(got) != len(lines) {
		t.Fatalf("objdump reads %d instructions, want %d", len(got), len(lines))
	}
	for i, line := range lines {
		read := strings.Replace(strings.Join(strings.Fields(got[i][1]), " "), " 0x0(", " (", 1)
		if want := gnu(line); read != want {
			t.Fatalf("objdump reads %q, want %q", got[i][1], want)
		}
	}
}

// operandKinds returns instructions with all bases, indices, scales and sizes of displacements.
func operandKinds() []string {
	var lines []string
	names := []string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}
	for i, base := range names {
		for j, disp := range []string{"", "4", "-4", "508", "512", "-512", "-516", "6", "100000"} {
			lines = append(lines, fmt.Sprintf("VDPBF16PS.BCST %s(%s), Z%d, Z%d", disp, base, (i*7+j)%32, (i*5+j*3)%32))
			if index := names[(i+j)%16]; index != "SP" {
				lines = append(lines, fmt.Sprintf("VDPBF16PS.BCST %s(%s)(%s*%d), Z%d, Z%d", disp, base, index, 1<<(j%4), (i+j)%32, (31-i)%32))
			}
		}
	}
	for i := range 32 {
		lines = append(lines, fmt.Sprintf("VCVTNE2PS2BF16 Z%d, Z%d, Z%d", i, (i*5+1)%32, 31-i), fmt.Sprintf("VDPBF16PS Z%d, Z%d, Z%d", 31-i, i, (i*3+16)%32))
	}
	return lines
}

// gnu translates an instruction to the syntax of the GNU tools.
func gnu(line string) string {
	name, ops, _ := strings.Cut(line, " ")
	ops = strings.TrimSpace(ops)
	ops = regexp.MustCompile(`Z(\d+)`).ReplaceAllString(ops, "%zmm$1")
	ops = regexp.MustCompile(`\b(AX|CX|DX|BX|SP|BP|SI|DI)\b`).ReplaceAllStringFunc(ops, func(r string) string { return "%r" + strings.ToLower(r) })
	ops = regexp.MustCompile(`\bR(\d+)\b`).ReplaceAllString(ops, "%r$1")
	ops = regexp.MustCompile(`\((%\w+)\)\((%\w+)\*(\d)\)`).ReplaceAllString(ops, "($1,$2,$3)")
	ops = regexp.MustCompile(`^-?\d+\(`).ReplaceAllStringFunc(ops, func(s string) string {
		var n int
		fmt.Sscan(strings.TrimSuffix(s, "("), &n)
		if n < 0 {
			return fmt.Sprintf("-0x%x(", -n)
		}
		return fmt.Sprintf("0x%x(", n)
	})
	if strings.HasSuffix(name, ".BCST") {
		ops = strings.Replace(ops, ")", "){1to16}", 1)
	}
	return strings.ToLower(strings.TrimSuffix(name, ".BCST")) + " " + strings.ReplaceAll(ops, ", ", ",")
}
