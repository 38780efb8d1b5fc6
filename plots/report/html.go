package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strings"
)

// The chart code is uPlot 1.6.32 by Leon Sorokin, MIT licence, as its authors published it; see uplot/LICENSE.
//
//go:embed assets uplot
var files embed.FS

func asset(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return strings.TrimSpace(string(text))
}

// scripts returns the page's scripts in order: the chart library, and the page's own as one function.
func scripts() []string {
	var own strings.Builder
	own.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range []string{"data", "units", "chart", "legend", "tables", "pareto", "page"} {
		own.WriteString(asset("assets/"+name+".js") + "\n")
	}
	own.WriteString("})();")
	return []string{asset("uplot/uPlot.iife.min.js"), own.String()}
}

func styles() []string { return []string{asset("uplot/uPlot.min.css"), asset("assets/page.css")} }

// Policy returns the Content-Security-Policy of the page. It allows the page's own scripts and styles by their hashes,
// images that are embedded, and no connection at all; a live page may talk to the server it came from.
func Policy(live bool) string {
	policy := "default-src 'none'; script-src" + hashes(scripts()) + "; style-src" + hashes(styles()) + "; img-src data:; base-uri 'none'; form-action 'none'"
	if live {
		policy += "; connect-src 'self'"
	}
	return policy
}

func hashes(texts []string) string {
	var all strings.Builder
	for _, text := range texts {
		sum := sha256.Sum256([]byte(text))
		all.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
	}
	return all.String()
}

// WriteHTML writes the page. Equal pages give equal bytes.
func (p *Page) WriteHTML(w io.Writer) error {
	data, err := p.data()
	if err != nil {
		return err
	}
	var style, script strings.Builder
	for _, text := range styles() {
		style.WriteString("<style>" + text + "</style>\n")
	}
	for _, text := range scripts() {
		script.WriteString("<script>" + text + "</script>\n")
	}
	page := strings.NewReplacer(
		"{{policy}}", html.EscapeString(Policy(p.Live)), "{{title}}", html.EscapeString(p.Title),
		"{{styles}}", style.String(), "{{data}}", string(data), "{{scripts}}", script.String(),
	).Replace(asset("assets/page.html"))
	_, err = io.WriteString(w, page+"\n")
	return err
}

// News is what a page tells the script that draws it: all of it at first, later what changed.
type News struct {
	*Page
	Runs  []Run   `json:"runs"`
	Lines []Lines `json:"lines"`
}

// News returns the page with the lines of each run from the index that from gives for it.
func (p *Page) News(from func(Run) int) News {
	n := News{Page: p, Runs: []Run{}, Lines: []Lines{}}
	for _, key := range slices.Sorted(maps.Keys(p.Runs)) {
		run := p.Runs[key]
		n.Runs = append(n.Runs, run)
		if i := from(run); i == 0 || i < run.Len() {
			n.Lines = append(n.Lines, run.Lines(i))
		}
	}
	return n
}

// data returns the page with all lines as JSON that can stand inside a script element: json.Marshal writes <, > and &
// of texts as escapes.
func (p *Page) data() ([]byte, error) {
	data, err := marshal(p.News(func(Run) int { return 0 }))
	if err != nil {
		return nil, fmt.Errorf("write the page's data: %w", err)
	}
	return data, nil
}

func marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	return bytes.TrimSpace(data), err
}
