package configs

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flsim/codecs"
	"flsim/internal/params"
	"flsim/plots"
	"flsim/plots/figures"
)

const reference = "../docs/config.md"

// The tables of docs/config.md are made from the tags of the structs: each stands behind a marker, up to the next
// empty line.
var marker = regexp.MustCompile(`(?m)^<!-- (keys:([a-z_.]*)|codecs) -->\n(\|.*\n)*`)

func TestReferenceIsInStep(t *testing.T) {
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	got := marker.ReplaceAllStringFunc(string(text), func(old string) string {
		m := marker.FindStringSubmatch(old)
		head := "<!-- " + m[1] + " -->\n"
		if m[1] == "codecs" {
			return head + stageTable()
		}
		return head + keyTable(m[2])
	})
	golden(t, reference, got)
}

func TestReferenceNamesEveryTable(t *testing.T) {
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range params.Fields(Default()) {
		if f.IsTable() && !strings.Contains(string(text), "<!-- keys:"+f.Name+" -->") {
			t.Errorf("docs/config.md lacks the table %s", f.Name)
		}
	}
}

// tableAt returns the struct of a table of the format.
func tableAt(path string) any {
	if path == "plot" {
		p := DefaultPlot()
		return &p
	}
	if path == "range" {
		return &span{}
	}
	var at any = Default()
	for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
		for _, f := range params.Fields(at) {
			if f.Name == key {
				at = f.Value.Addr().Interface()
				break
			}
		}
	}
	return at
}

func keyTable(path string) string {
	var b strings.Builder
	b.WriteString("| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n")
	for _, f := range params.Fields(tableAt(path)) {
		if f.IsTable() {
			continue
		}
		p := join(path, f.Name)
		kind := f.Type
		if f.Unit != "" {
			kind += ", " + f.Unit
		}
		def := f.Default
		switch {
		case stoodInFor[p] != "":
			def = "**this or `" + lastPart(stoodInFor[p]) + "`**"
		case required(p, f):
			def = "**required**"
		case f.Computed != "":
			def = f.Computed
		case def != "":
			def = "`" + def + "`"
		default:
			def = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, kind, def, allowed(p, f), sentence(f.Doc))
	}
	return b.String()
}

func stageTable() string {
	var b strings.Builder
	b.WriteString("| type | place | parameters | meaning |\n|---|---|---|---|\n")
	for _, e := range codecs.Entries() {
		var names []string
		for _, p := range params.List(e.New()) {
			names = append(names, "`"+p.Name+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Type, e.Slot, strings.Join(names, ", "), sentence(e.Doc))
	}
	return b.String()
}

// sentence gives a note a capital and a full stop.
func sentence(doc string) string {
	if doc == "" {
		return ""
	}
	doc = strings.ReplaceAll(doc, "|", `\|`) // which would end a cell
	return strings.ToUpper(doc[:1]) + strings.TrimSuffix(doc[1:], ".") + "."
}

func TestEveryKeyIsDocumented(t *testing.T) {
	check := func(where string, ptr any) {
		for _, p := range params.List(ptr) {
			if p.Doc == "" {
				t.Errorf("%s.%s has no doc tag", where, p.Name)
			}
		}
		for _, bad := range params.Check(ptr) {
			t.Errorf("%s: the default is wrong: %v", where, bad)
		}
	}
	check("experiment", Default())
	check("plot", tableAt("plot"))
	check("range", tableAt("range"))
	for _, e := range codecs.Entries() {
		check("codec type "+e.Type, e.New())
	}
}

func TestPlotKeysAreThoseOfThePlots(t *testing.T) {
	var sizes []string
	for _, s := range plots.Sizes() {
		sizes = append(sizes, s.Name)
	}
	want := map[string][]string{"kind": figures.Kinds(), "account": figures.Accounts(), "band": plots.BandNames(), "size": sizes}
	for _, f := range params.Fields(tableAt("plot")) {
		if words, ok := want[f.Name]; ok && !slices.Equal(f.Words(), words) {
			t.Errorf("plot.%s takes %v, figures take %v", f.Name, f.Words(), words)
		}
	}
	if !slices.Equal(costNames, figures.XNames()) {
		t.Errorf("plot.x takes %v, figures take %v", costNames, figures.XNames())
	}
}
