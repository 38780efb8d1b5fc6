package configs

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is one thing that is wrong with a configuration.
type Error struct {
	File    string // the file, or the --set option as it was typed
	Line    int    // from 1; 0 where there is no line to point at
	Col     int    // in characters, from 1
	Key     string // the path inside the experiment, as --set takes it; empty for errors of syntax
	Message string // one sentence
	Excerpt string // the line with a caret and, below it, what is allowed; several lines or empty
}

// Error returns file:line:col: message, and the excerpt on the lines below.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Col)
	}
	b.WriteString(": ")
	b.WriteString(e.Message)
	if e.Excerpt != "" {
		b.WriteByte('\n')
		b.WriteString(e.Excerpt)
	}
	return b.String()
}

// Errors lists everything that is wrong with a configuration, in order of place: the file's errors from top to
// bottom, then those of --set options.
type Errors []Error

// Error returns all errors, one below another.
func (list Errors) Error() string {
	lines := make([]string, len(list))
	for i := range list {
		lines[i] = list[i].Error()
	}
	return strings.Join(lines, "\n")
}

// errorAt makes an error about the width bytes of the source from offset at. A negative offset, or a source without
// text, gives an error without line and excerpt.
func (s *source) errorAt(at, width int, message string) Error {
	e := Error{File: s.name, Message: message}
	if s.text == "" || at < 0 {
		return e
	}
	at = min(at, len(s.text))
	start := lineStart(s.text, at)
	line, _, _ := strings.Cut(s.text[start:], "\n")
	line = strings.TrimSuffix(line, "\r")
	e.Line = 1 + strings.Count(s.text[:start], "\n")
	before := s.text[start:at]
	e.Col = 1 + utf8.RuneCountInString(before)
	e.Excerpt = excerpt(e.Line, line, before, strings.TrimSuffix(s.text[at:min(at+width, len(s.text))], "\n"))
	return e
}

const excerptWidth = 160 // characters of a line that are still shown

// excerpt draws a line with carets under marked, which stands behind before.
func excerpt(number int, line, before, marked string) string {
	if utf8.RuneCountInString(before) >= excerptWidth {
		return ""
	}
	if r := []rune(line); len(r) > excerptWidth {
		line = string(r[:excerptWidth]) + "..."
	}
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
	marked, _, _ = strings.Cut(marked, "\n")
	carets := strings.Repeat("^", max(1, min(utf8.RuneCountInString(marked), excerptWidth-utf8.RuneCountInString(before))))
	return fmt.Sprintf("%6d | %s\n       | %s%s", number, printable(line), blank, carets)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// report collects errors over all variants of a file.
type report struct {
	errs  []Error
	in    []map[string]bool // the variants that each error was met in, and whether it matters to them
	index map[Error]int
	order []string // the file, then the options: the order in which errors are listed
}

const maxErrors = 100

// full reports whether so much is wrong that more would help nobody.
func (r *report) full() bool { return len(r.errs) >= maxErrors }

func (r *report) add(e Error, variant string, matters bool) {
	i, known := r.index[e]
	if !known && r.full() {
		return
	}
	if !known {
		if r.index == nil {
			r.index = make(map[Error]int)
		}
		i = len(r.errs)
		r.index[e] = i
		r.errs = append(r.errs, e)
		r.in = append(r.in, make(map[string]bool))
	}
	r.in[i][variant] = r.in[i][variant] || matters
}

// list returns the errors in order of place. Where some variants of several have an error that sits in what they
// share, the message says which: of those to which it matters.
func (r *report) list(variants []string) Errors {
	list := make(Errors, 0, len(r.errs))
	for i, e := range r.errs {
		var some []string
		met := 0
		for _, v := range variants {
			matters, in := r.in[i][v]
			if in {
				met++
			}
			if matters {
				some = append(some, v)
			}
		}
		if !r.in[i][""] && len(some) > 0 && met < len(variants) {
			e.Message += " (in variant " + strings.Join(some, ", ") + ")"
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, r.compare)
	return list
}

func (r *report) compare(a, b Error) int {
	if d := r.rank(a) - r.rank(b); d != 0 {
		return d
	}
	if d := a.Line - b.Line; d != 0 {
		return d
	}
	return a.Col - b.Col
}

func (r *report) rank(e Error) int {
	return slices.Index(r.order, e.File)
}

// file returns the name of the file that is read.
func (r *report) file() string { return r.order[0] }
