package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"flsim/sim/results"
)

// Formats returns the forms in which tables are written.
func Formats() []string { return []string{"text", "markdown", "latex", "csv"} }

// Write writes the table in one of the Formats. CSV holds plain numbers in base units (bit, s, shares of 1), means beside standard
// deviations, whatever the table shows to people.
func (t *Table) Write(w io.Writer, format string) error {
	switch format {
	case "text":
		return t.text(w)
	case "markdown":
		return t.markdown(w)
	case "latex":
		return t.latex(w)
	case "csv":
		return t.csv(w)
	}
	return fmt.Errorf("no table format %q; the formats are %s", format, strings.Join(Formats(), ", "))
}

func (t *Table) text(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	clean := strings.NewReplacer("\t", " ", "\n", " ", "\v", " ", "\f", " ")
	for _, row := range append([][]string{t.Heads}, t.Rows...) {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(out, "\t")
			}
			fmt.Fprint(out, clean.Replace(cell))
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

func (t *Table) markdown(w io.Writer) error {
	clean := strings.NewReplacer(`\`, `\\`, "|", `\|`, "\n", " ", "*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`, "]", `\]`)
	line := func(cells []string) string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = clean.Replace(strings.TrimSpace(c))
		}
		return "| " + strings.Join(out, " | ") + " |\n"
	}
	text := line(t.Heads) + "|---" + strings.Repeat("|---:", len(t.Heads)-1) + "|\n"
	for _, row := range t.Rows {
		text += line(row)
	}
	_, err := io.WriteString(w, text)
	return err
}

// latexLetters are what LaTeX takes for commands, and letters that its standard fonts lack outside of formulas.
// Behind the end of a row a bracket would begin its optional argument, and a star is part of it.
var latexLetters = strings.NewReplacer("[", "{[}", "*", "{*}", `\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "_", `\_`,
	" %", `\,\%`, "%", `\%`, "^", `\textasciicircum{}`, "~", `\textasciitilde{}`, "|", `\textbar{}`, "<", `$<$`, ">", `$>$`, "\n", " ",
	" ± ", ` $\pm$ `, "±", `$\pm$`, "×", `$\times$`, "–", "--", "…", `\dots{}`, "≤", `$\leq$`, "≥", `$\geq$`, "−", `$-$`, "·", `$\cdot$`,
	"²", `$^2$`, "³", `$^3$`, "µ", `$\mu$`, "α", `$\alpha$`, "β", `$\beta$`, "γ", `$\gamma$`, "δ", `$\delta$`, "ε", `$\varepsilon$`,
	"η", `$\eta$`, "θ", `$\theta$`, "λ", `$\lambda$`, "μ", `$\mu$`, "π", `$\pi$`, "ρ", `$\rho$`, "σ", `$\sigma$`, "τ", `$\tau$`,
	"φ", `$\varphi$`, "χ", `$\chi$`, "ω", `$\omega$`, "→", `$\rightarrow$`)

func (t *Table) latex(w io.Writer) error {
	line := func(cells []string) string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = latexLetters.Replace(strings.TrimSpace(c))
		}
		return strings.Join(out, " & ") + ` \\` + "\n"
	}
	text := "% \\usepackage{booktabs}\n\\begin{tabular}{l" + strings.Repeat("r", len(t.Heads)-1) + "}\n\\toprule\n" +
		line(t.Heads) + "\\midrule\n"
	for _, row := range t.Rows {
		text += line(row)
	}
	_, err := io.WriteString(w, text+"\\bottomrule\n\\end{tabular}\n")
	return err
}

func (t *Table) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"experiment", "variant", "label"}
	keys := axisKeys(t.curves)
	head = append(head, keys...)
	head = append(head, "seeds")
	for _, c := range t.columns {
		if c.words != nil {
			head = append(head, c.name)
			continue
		}
		head = append(head, c.name, c.name+"_std", c.name+"_n")
	}
	rows := [][]string{head}
	for i := range t.curves {
		c := &t.curves[i]
		m := c.Manifest()
		row := []string{m.Experiment, m.Variant, c.Label}
		for _, key := range keys {
			value := ""
			if v, ok := m.Axes[key]; ok {
				value = fmt.Sprint(v)
			}
			row = append(row, value)
		}
		row = append(row, strconv.Itoa(len(c.Runs)))
		for _, col := range t.columns {
			if col.words != nil {
				row = append(row, col.common(c))
				continue
			}
			row = append(row, cells(c.Over(col.value))...)
		}
		rows = append(rows, row)
	}
	return out.WriteAll(rows)
}

// cells returns mean, deviation and number of values; nothing where there is no value.
func cells(s results.Stat) []string {
	number := func(v float64, ok bool) string {
		if !ok || math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return []string{number(s.Mean, s.N > 0), number(s.Std, s.N > 1), strconv.Itoa(s.N)}
}

func axisKeys(curves []results.Curve) []string {
	keys := map[string]bool{}
	for i := range curves {
		for key := range curves[i].Manifest().Axes {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}
