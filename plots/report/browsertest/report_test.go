package browsertest

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

const (
	moved    = input.DispatchMouseEventTypeMouseMoved
	pressed  = input.DispatchMouseEventTypeMousePressed
	released = input.DispatchMouseEventTypeMouseReleased
)

func TestPageWorks(t *testing.T) {
	b := newTab(t)
	url := report(t)
	b.open(url, 1280, 900, "light")
	for _, c := range []struct {
		name string
		try  func(*tab)
	}{
		{"opening", opening}, {"finals", finals}, {"curves", curves}, {"mean", mean}, {"axes", axes}, {"columns", columns}, {"account", account}, {"switches", switches}, {"zoom", zoom}, {"hover", hover},
		{"keyboard", keyboard}, {"legend", legend}, {"sort", sortTable}, {"target", target}, {"partly", partly}, {"escape", escape}, {"contents", contents}, {"address", address},
	} {
		b.T = t
		t.Run(c.name, func(t *testing.T) {
			b.T = t
			c.try(b)
			b.quiet("file:", "about:")
		})
	}
}

// picture is a digest of what the chart shows.
const picture = `[...flsim.chart().ctx.canvas.toDataURL()].reduce((h, c) => (h * 31 + c.charCodeAt(0)) | 0, 0)`

func xEnds(b *tab) []float64 {
	return eval[[]float64](b, "[flsim.chart().scales.x.min, flsim.chart().scales.x.max]")
}

func curves(b *tab) {
	if n := eval[int](b, `document.querySelectorAll("#chart canvas").length`); n != 1 {
		b.Errorf("%d canvases", n)
	}
	if n := eval[int](b, "flsim.lines().length"); n != 4 {
		b.Errorf("%d curves, want 4", n)
	}
	coloured := eval[int](b, `(() => { const c = flsim.chart().ctx.canvas, d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; let n = 0;
		for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200 && Math.max(d[i], d[i + 1], d[i + 2]) - Math.min(d[i], d[i + 1], d[i + 2]) > 90) n++; return n; })()`)
	if coloured < 500 {
		b.Errorf("only %d pixels of the chart have a colour", coloured)
	}
}

// mean compares the curve of two seeds, over rounds, with a mean that is taken here.
func mean(b *tab) {
	b.choose("x", "Round")
	ys := eval[[]float64](b, "flsim.lines()[0].sum.y")
	highs := eval[[]float64](b, "flsim.lines()[0].sum.high")
	if len(ys) != rounds/2+1 {
		b.Fatalf("%d points", len(ys))
	}
	for i := range ys {
		one, two := runs()[0].accuracy(2*i), runs()[1].accuracy(2*i)
		want, std := (one+two)/2, math.Abs(one-two)/math.Sqrt2
		if math.Abs(ys[i]-want) > 1e-6 || math.Abs(highs[i]-want-std) > 1e-6 {
			b.Fatalf("round %d: %v up to %v, want %v up to %v", 2*i, ys[i], highs[i], want, want+std)
		}
	}
}

func axes(b *tab) {
	seen := map[int]string{}
	for _, x := range []string{"Downlink, all clients", "Uplink + downlink, all clients", "Round", "Simulated time", "Uplink, all clients"} {
		b.choose("x", x)
		p := eval[int](b, picture)
		if before, known := seen[p]; known {
			b.Errorf("over %s the chart looks as over %s", x, before)
		}
		seen[p] = x
	}
	for _, y := range []string{"Test loss", "Clients' own training loss", "Clients", "Test accuracy"} {
		b.choose("y", y)
		if n := eval[int](b, "flsim.lines().length"); n != 4 {
			b.Errorf("%s has %d curves", y, n)
		}
	}
}

// columns sees that what is not in the page, but follows from what is, has come back.
func columns(b *tab) {
	run := "flsim.runs.get('browser/quantised-s1').columns."
	for name, want := range map[string]float64{"uplink_wire_bits": 4e6, "downlink_wire_bits": 32e6, "total_wire_bits_cum": 36e6 * rounds, "uplink_entropy_bits_cum": 36e5 * rounds} {
		if got := eval[float64](b, run+name+".at(-1)"); got != want {
			b.Errorf("%s ends with %g, want %g", name, got, want)
		}
	}
	if got := eval[float64](b, run+"uplink_wire_bits[0]"); got != 0 {
		b.Errorf("round 0 sent %g bits", got)
	}
}

func account(b *tab) {
	before := xEnds(b)
	b.choose("account", "entropy")
	if after := xEnds(b); !(after[0] < before[0]) {
		b.Errorf("entropy bits begin at %v, wire bits at %v", after, before)
	}
	b.choose("account", "paper")
	if n := eval[int](b, "flsim.lines().length"); n != 0 {
		b.Errorf("%d curves over bits that no run has", n)
	}
	b.choose("account", "wire")
}

func switches(b *tab) {
	whole := xEnds(b)
	b.click("#logx")
	if linear := xEnds(b); !(linear[1] > 1e6 && whole[1] < 20) {
		b.Errorf("x ends at %v, logarithmic at %v", linear, whole)
	}
	b.click("#logx")
	for _, band := range []string{"mean and 95 % CI", "mean and range", "mean", "every seed", "mean ± std"} {
		before := eval[int](b, picture)
		b.choose("band", band)
		if eval[int](b, picture) == before {
			b.Errorf("%s changes nothing", band)
		}
	}
	b.click("#best")
	if !eval[bool](b, "flsim.lines().every(l => l.sum.y.every((y, i, all) => i === 0 || y >= all[i - 1]))") {
		b.Error("the best so far falls")
	}
	b.click("#best")
}

func zoom(b *tab) {
	before := xEnds(b)
	x, y := b.overChart(0.3, 0.2)
	x2, y2 := b.overChart(0.6, 0.7)
	b.mouse(moved, x, y)
	b.mouse(pressed, x, y)
	b.mouse(moved, (x+x2)/2, (y+y2)/2)
	b.mouse(moved, x2, y2)
	b.mouse(released, x2, y2)
	width := before[1] - before[0]
	in := xEnds(b)
	if math.Abs(in[0]-before[0]-0.3*width) > 0.02*width || math.Abs(in[1]-before[0]-0.6*width) > 0.02*width {
		b.Errorf("dragging over 30 to 60 %% of %v zooms to %v", before, in)
	}
	b.shoot("zoomed", false)
	b.click("#reset")
	if out := xEnds(b); out[0] != before[0] || out[1] != before[1] {
		b.Errorf("reset to %v, want %v", out, before)
	}
	if !eval[bool](b, `document.getElementById("reset").hidden`) {
		b.Error("the zoom can be reset twice")
	}
}

func hover(b *tab) {
	at := eval[[]float64](b, "(() => { const l = flsim.lines()[1].sum, u = flsim.chart(), i = 8; return [u.valToPos(l.x[i], 'x') / u.over.clientWidth, u.valToPos(l.y[i], 'y') / u.over.clientHeight]; })()")
	x, y := b.overChart(at[0], at[1])
	b.mouse(moved, x, y)
	b.until(`!document.getElementById("tip").hidden`)
	text := eval[string](b, `document.querySelector("#tip .near").textContent`)
	want := 100 * (runs()[2].accuracy(18) + runs()[3].accuracy(18)) / 2 // round 0 sent nothing and is not on a logarithmic axis
	if !strings.Contains(text, runs()[2].label) || !strings.Contains(text, fmt.Sprintf("%.1f", want)[:3]) {
		b.Errorf("the readout says %q, want %s and %.2f", text, runs()[2].label, want)
	}
	b.shoot("hover", false)
	b.mouse(moved, 2, 2)
	b.until(`document.getElementById("tip").hidden`)
}

func keyboard(b *tab) {
	eval[bool](b, `(document.getElementById("chart").focus(), true)`)
	b.do(chromedp.KeyEvent("\u0303")) // arrow right
	b.until(`!document.getElementById("tip").hidden`)
	before := xEnds(b)
	b.do(chromedp.KeyEvent("+"))
	if in := xEnds(b); !(in[1]-in[0] < before[1]-before[0]) {
		b.Errorf("+ zooms from %v to %v", before, in)
	}
	b.do(chromedp.KeyEvent("0"))
	if out := xEnds(b); out[0] != before[0] {
		b.Errorf("0 shows %v, want %v", out, before)
	}
	unnamed := eval[[]string](b, `[...document.querySelectorAll("button, select, input")].filter(e => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).map(e => e.outerHTML)`)
	if len(unnamed) > 0 {
		b.Errorf("controls without a name: %q", unnamed)
	}
	if n := eval[int](b, `[...document.querySelectorAll("button, select, input, [role=application]")].filter(e => e.tabIndex < 0).length`); n > 0 {
		b.Errorf("%d controls cannot be reached by keyboard", n)
	}
}

func legend(b *tab) {
	toggle := "#legend li:nth-child(1) .toggle"
	b.click(toggle)
	if n := eval[int](b, "flsim.lines().length"); n != 3 {
		b.Errorf("%d curves after hiding one", n)
	}
	if s := eval[string](b, fmt.Sprintf("document.querySelector(%q).getAttribute('aria-pressed')", toggle)); s != "false" {
		b.Errorf("the hidden curve's button is pressed: %s", s)
	}
	b.click(toggle)
	b.click("#legend li:nth-child(2) .only")
	if s := eval[string](b, "flsim.lines().map(l => l.index).join()"); s != "1" {
		b.Errorf("only the second curve: %s", s)
	}
	b.click("#none")
	if n := eval[int](b, "flsim.lines().length"); n != 0 {
		b.Errorf("%d curves after hiding all", n)
	}
	b.click("#all")
	if n := eval[int](b, "flsim.lines().length"); n != 4 {
		b.Errorf("%d curves after showing all", n)
	}
}

const firstColumn = `[...document.querySelectorAll("#table-results tbody th")].map(e => e.textContent)`

func sortTable(b *tab) {
	whole := eval[[]string](b, firstColumn)
	b.click("#table-results thead th:nth-child(3) button") // final: the best first
	if first := eval[string](b, `document.querySelector("#table-results tbody td:nth-child(3)").className`); !strings.Contains(first, "best") {
		b.Errorf("the first of the sorted cells is %q", first)
	}
	if s := eval[string](b, `document.querySelector("#table-results thead th:nth-child(3)").getAttribute("aria-sort")`); s != "descending" {
		b.Errorf("sorted %s", s)
	}
	down := eval[[]string](b, firstColumn)
	b.click("#table-results thead th:nth-child(3) button")
	up := eval[[]string](b, firstColumn)
	for i := range down {
		if down[i] != up[len(up)-1-i] {
			b.Fatalf("down %q, up %q", down, up)
		}
	}
	if len(whole) != 4 || strings.Join(up, "|") == strings.Join(down, "|") {
		b.Errorf("%d rows, first %q", len(whole), whole)
	}
}

// target compares the cost of a target with the first evaluation here that reaches it.
func target(b *tab) {
	eval[bool](b, `(() => { const t = document.getElementById("target"); t.value = "60"; t.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`)
	row := eval[[]string](b, `[...document.querySelectorAll("#costs-table tbody tr:nth-child(1) td")].map(e => e.textContent)`)
	total := 0.0
	for _, r := range runs()[:2] {
		for i := 0; ; i += 2 {
			if r.accuracy(i) >= 0.6 {
				total += float64(i) / 2
				break
			}
		}
	}
	if row[0] != "2 of 2" || !strings.HasPrefix(row[5], fmt.Sprintf("%g", total)) {
		b.Errorf("cost of 60 %%: %q, want %g rounds", row, total)
	}
	if n := eval[int](b, `document.querySelectorAll("#costs-table tr.muted").length`); n != 0 {
		b.Errorf("%d curves do not reach 60 %%", n)
	}
	eval[bool](b, `(() => { const t = document.getElementById("target"); t.value = "99"; t.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`)
	if n := eval[int](b, `document.querySelectorAll("#costs-table tr.muted").length`); n != 4 {
		b.Errorf("%d curves do not reach 99 %%, want 4", n)
	}
	b.click("#presets button")
}

// partly sees that a curve that one seed alone reaches the target with is no reference, and is counted apart.
func partly(b *tab) {
	aim := (runs()[4].best() + runs()[5].best()) / 2 // of the sparse curve, the cheapest but one
	eval[bool](b, fmt.Sprintf(`(() => { const t = document.getElementById("target"); t.value = "%g"; t.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`, 100*aim))
	cells := func(row int) []string {
		return eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll("#costs-table tbody tr:nth-child(%d) td")].map(e => e.textContent)`, row))
	}
	if quantised, sparse := cells(2), cells(3); quantised[2] != "1×" || sparse[0] != "1 of 2" || sparse[2] != "–" {
		b.Errorf("at %g: %q, then %q", aim, quantised, sparse)
	}
	if note := eval[string](b, `document.getElementById("costs-note").textContent`); !strings.Contains(note, "which 2 of 4 curves reach with all seeds, 1 with some;") {
		b.Errorf("the note says %q", note)
	}
	b.click("#presets button")
}

// opening sees which target the page opens with, of 50 % and 80 %.
func opening(b *tab) {
	if v := eval[float64](b, "flsim.view.target"); v != 0.8 {
		b.Errorf("the page opens at %g", v)
	}
	if v := eval[float64](b, `(() => { const kept = flsim.page.targets; flsim.page.targets = [0.97, 0.99]; const v = flsim.firstTarget(); flsim.page.targets = kept; return v; })()`); v != 0.97 {
		b.Errorf("with targets beyond reach the page opens at %g", v)
	}
}

// finals compares the legend with the table.
func finals(b *tab) {
	for i := range 4 {
		cell := eval[string](b, fmt.Sprintf(`document.querySelector("#table-results tbody tr:nth-child(%d) td:nth-child(3)").textContent`, i+1))
		want := "final " + regexp.MustCompile(` ±[^%]*`).ReplaceAllString(cell, " ")
		if got := eval[string](b, fmt.Sprintf(`document.querySelector("#legend li:nth-child(%d) .value").textContent`, i+1)); got != want {
			b.Errorf("the legend says %q, the table %q", got, cell)
		}
	}
}

// escape sees that a label that is markup stays text.
func escape(b *tab) {
	if n := eval[int](b, `document.querySelectorAll("main b:not(.tip b), script:not([type]) ~ script:not([type]) ~ script:not([type])").length`); n != 0 {
		b.Errorf("a label became %d elements", n)
	}
	if s := eval[string](b, `document.querySelector("#legend li:nth-child(4) .name").textContent`); s != hostile {
		b.Errorf("the label reads %q", s)
	}
}

func contents(b *tab) {
	text := eval[string](b, "document.body.innerText")
	for _, want := range []string{"Synthetic data", "codec.q.bits", "uplink.chain", "portable", "q (bits 3.2e+06)", "curves have from 1 to 2 seeds", "MIT licence"} {
		if !strings.Contains(text, want) {
			b.Errorf("the page lacks %q", want)
		}
	}
	b.until(`document.querySelector("#cases img").naturalWidth === 300`)
}

// address sees that a view can be sent as an address.
func address(b *tab) {
	b.choose("x", "Simulated time")
	b.choose("y", "Test loss")
	b.click("#legend li:nth-child(3) .toggle")
	hash := eval[string](b, "location.hash")
	eval[bool](b, "(location.reload(), true)")
	b.until("window.flsim && flsim.lines().length === 3")
	if got := eval[string](b, "location.hash"); got != hash || !strings.Contains(hash, "sim_time_s") {
		b.Errorf("the address remembers %q, after loading %q", hash, got)
	}
	if s := eval[string](b, "flsim.chart().axes[0].label + flsim.chart().axes[1].label"); !strings.Contains(s, "Simulated time") || !strings.Contains(s, "Test loss") {
		b.Errorf("the axes are %s", s)
	}
}

// TestSizesAndSchemes opens the page narrow and wide, light and dark.
func TestSizesAndSchemes(t *testing.T) {
	b := newTab(t)
	url := report(t)
	papers := map[string]string{}
	for _, width := range []int64{380, 1600} {
		for _, scheme := range []string{"light", "dark"} {
			b.open(url, width, 900, scheme)
			if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				b.Errorf("at %d pixels the page is %d too wide", width, over)
			}
			if w := eval[float64](b, "flsim.chart().over.clientWidth"); w < 0.55*float64(width) {
				b.Errorf("at %d pixels the chart has only %g", width, w)
			}
			papers[scheme] = eval[string](b, "getComputedStyle(document.documentElement).backgroundColor")
			b.shoot(fmt.Sprintf("%d-%s", width, scheme), true)
		}
	}
	if papers["light"] == papers["dark"] {
		t.Errorf("light and dark paper are both %s", papers["light"])
	}
	b.quiet("file:", "about:")
}

// TestPrints prints a dark page, which paper is not.
func TestPrints(t *testing.T) {
	b := newTab(t)
	b.open(report(t), 1280, 900, "dark")
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	if err != nil || len(pdf) < 20_000 {
		t.Fatalf("printing gives %d bytes, %v", len(pdf), err)
	}
	keep(t, "print.pdf", pdf)
	b.quiet("file:", "about:")
}
