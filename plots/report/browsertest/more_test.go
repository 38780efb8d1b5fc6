package browsertest

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
)

// many are ten variants, one seed each, which compress more and more; some learn less well than others that compress further.
func many() []run {
	var all []run
	for i := range 10 {
		all = append(all, run{variant: fmt.Sprint("v", i), label: fmt.Sprintf("Codec %c, %d bit", 'A'+i, 16-i), order: i, seed: 1,
			bits: 32e5 / math.Pow(2, float64(i)), speed: []float64{0.2, 0.03, 0.15, 0.04, 0.12, 0.1, 0.02, 0.05, 0.08, 0.03}[i]})
	}
	return all
}

// found returns the labels that the legend shows.
func found(b *tab) []string {
	b.Helper()
	return eval[[]string](b, `[...document.querySelectorAll("#legend li")].filter(e => e.offsetHeight > 0).map(e => e.querySelector(".name").textContent)`)
}

func TestSearch(t *testing.T) {
	b := newTab(t)
	b.open(report(t), 1280, 900, "light")
	if !eval[bool](b, `document.getElementById("search").hidden`) {
		t.Error("four curves are searched")
	}
	b.open(reportOf(t, many()), 1280, 900, "light")
	find := func(words string) []string {
		eval[bool](b, fmt.Sprintf(`(() => { const s = document.getElementById("search"); s.value = %q; s.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`, words))
		return found(b)
	}
	eval[bool](b, `(document.getElementById("search").focus(), true)`)
	if err := callWith(b.ctx, input.InsertText, input.InsertTextParams{Text: "codec 15"}); err != nil {
		t.Fatal(err)
	}
	b.until(`document.getElementById("search").value === "codec 15"`)
	if found := found(b); !slices.Equal(found, []string{"Codec B, 15 bit"}) {
		t.Errorf("typing finds %q", found)
	}
	if found := find("1 BIT codec"); len(found) != 7 { // of 16 to 10 bit
		t.Errorf("found %q", found)
	}
	if found := find("no such"); len(found) != 0 {
		t.Errorf("found %q", found)
	}
	find("1")
	b.click("#none")
	if n := eval[int](b, "flsim.lines().length"); n != 3 { // 9, 8 and 7 bit
		t.Errorf("%d curves after hiding those with a 1", n)
	}
	find("15")
	b.click("#all")
	if s := eval[string](b, "flsim.lines().map(l => l.index).join()"); s != "1,7,8,9" {
		t.Errorf("after showing what was found: %s", s)
	}
	if all := find(""); len(all) != 10 {
		t.Errorf("without a search there are %q", all)
	}
	b.quiet("file:", "about:")
}

// saved clicks a button and returns the file that the browser saves, and its name.
func saved(b *tab, button string) (name string, data []byte) {
	b.Helper()
	dir := b.TempDir()
	if err := callWith(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}); err != nil {
		b.Fatal(err)
	}
	b.click(button)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		list, err := os.ReadDir(dir)
		if err != nil {
			b.Fatal(err)
		}
		if len(list) != 1 || strings.HasSuffix(list[0].Name(), ".crdownload") || strings.HasPrefix(list[0].Name(), ".") {
			continue
		}
		data, err = os.ReadFile(filepath.Join(dir, list[0].Name()))
		if err != nil {
			b.Fatal(err)
		}
		if len(data) > 0 {
			return list[0].Name(), data
		}
	}
	b.Fatalf("%s saves nothing", button)
	return "", nil
}

// colours returns the colours of a picture's rows of pixels.
func colours(img image.Image, from, to int) map[string]bool {
	out := map[string]bool{}
	for y := from; y < to; y++ {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			out[fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)] = true
		}
	}
	return out
}

func TestSaving(t *testing.T) {
	b := newTab(t)
	b.open(report(t), 1280, 900, "light")
	b.choose("x", "Round")
	b.click("#legend li:nth-child(3) .toggle")

	name, data := saved(b, "#csv")
	if name != "browser-accuracy-round.csv" {
		t.Errorf("the table is called %q", name)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 3*(rounds/2+1); len(rows) != want || strings.Join(rows[0], " ") != "curve round accuracy low high seeds" {
		t.Errorf("%d rows below %q, want %d", len(rows), rows[0], want)
	}
	if last := rows[len(rows)-1]; last[0] != hostile || last[5] != "1" {
		t.Errorf("the last row is %q", last)
	}
	want := (runs()[0].accuracy(4) + runs()[1].accuracy(4)) / 2
	if got, err := strconv.ParseFloat(rows[3][2], 64); err != nil || math.Abs(got-want) > 1e-6 || rows[3][1] != "4" || rows[3][0] != "FedAvg (float32)" {
		t.Errorf("round 4 is %q, want %g", rows[3], want)
	}

	name, data = saved(b, "#png")
	if name != "browser-accuracy-round.png" {
		t.Errorf("the picture is called %q", name)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	chart := eval[[]int](b, "[flsim.chart().ctx.canvas.width, flsim.chart().ctx.canvas.height]")
	if size := img.Bounds().Size(); size.X != chart[0] || size.Y < chart[1]+50 {
		t.Errorf("the picture has %v pixels, the chart %v", size, chart)
	}
	inChart, inLegend := colours(img, 0, chart[1]), colours(img, img.Bounds().Dy()-40, img.Bounds().Dy())
	for i, shown := range []bool{true, true, false, true} {
		colour := eval[string](b, fmt.Sprintf("flsim.page.curves[%d].colour", i))
		if inChart[colour] != shown || inLegend[colour] != shown {
			t.Errorf("curve %d (%s) in the picture's chart: %v, in its legend: %v", i, colour, inChart[colour], inLegend[colour])
		}
	}
	keep(t, "saved.png", data)
	b.quiet("file:", "about:")
}

// TestLevelLines shows a baseline that sends nothing.
func TestLevelLines(t *testing.T) {
	b := newTab(t)
	silent := run{variant: "central", label: "Centralised", order: 4, bits: 0, speed: 0.2}
	all := runs()
	for silent.seed = 1; silent.seed <= 2; silent.seed++ {
		all = append(all, silent)
	}
	b.open(reportOf(t, all), 1280, 900, "light")
	const line = "flsim.lines().find(l => l.index === 4)"
	want := (all[7].accuracy(rounds) + all[8].accuracy(rounds)) / 2
	ys, xs := eval[[]float64](b, line+".sum.y"), eval[[]float64](b, line+".sum.x")
	if len(ys) != 2 || math.Abs(ys[0]-want) > 1e-6 || ys[1] != ys[0] {
		t.Errorf("over bits the baseline is at %v, want %v", ys, want)
	}
	ends := eval[[]float64](b, "(xs => [Math.min(...xs), Math.max(...xs)])(flsim.lines().filter(l => l.index !== 4).flatMap(l => l.sum.x))")
	if !slices.Equal(xs, ends) {
		t.Errorf("it reaches from %v, the others from %v", xs, ends)
	}
	if high := eval[[]float64](b, line+".sum.high"); !(high[0] > ys[0]) {
		t.Errorf("its seeds have no band: %v", high)
	}
	b.shoot("level", false)
	b.choose("x", "Round")
	if n := eval[int](b, line+".sum.x.length"); n != rounds/2+1 {
		t.Errorf("over rounds the baseline has %d points", n)
	}
	b.choose("x", "Uplink, all clients")
	for i := range 4 {
		b.click(fmt.Sprintf("#legend li:nth-child(%d) .toggle", i+1))
	}
	if n := eval[int](b, "flsim.lines().length"); n != 0 {
		t.Errorf("alone, without an axis to lie on, it has %d lines", n)
	}
	if marks := eval[int](b, "flsim.scatter.marks.length"); marks != 0 {
		t.Errorf("%d marks of what compresses nothing", marks)
	}
	b.quiet("file:", "about:")
}

type mark struct {
	Index        int
	X, Y         float64
	Low, High    float64
	Front        bool
	PixelX, Down float64 // within the chart's area
}

func marks(b *tab) []mark {
	b.Helper()
	return eval[[]mark](b, `(u => flsim.scatter.marks.map(m => ({Index: m.index, X: m.x, Y: m.y, Low: m.low, High: m.high, Front: m.front, PixelX: u.valToPos(m.x, "x"), Down: u.valToPos(m.y, "y")})))(flsim.scatter.plot)`)
}

// TestPareto compares the marks, and those on the front, with what is worked out here.
func TestPareto(t *testing.T) {
	b := newTab(t)
	all := many()
	b.open(reportOf(t, all), 1280, 900, "light")
	check := func(ratio func(run) float64, score func(run) float64) {
		t.Helper()
		list := marks(b)
		if len(list) != len(all) {
			t.Fatalf("%d marks", len(list))
		}
		for i, m := range list {
			beaten := slices.ContainsFunc(all, func(o run) bool { return ratio(o) > ratio(all[i]) && score(o) >= score(all[i]) })
			if math.Abs(m.X-math.Log10(ratio(all[i]))) > 1e-5 || math.Abs(m.Y-score(all[i])) > 1e-5 || m.Front == beaten || m.Index != i {
				t.Errorf("%s: %+v, want %g, %g, beaten %v", all[i].label, m, math.Log10(ratio(all[i])), score(all[i]), beaten)
			}
		}
	}
	uplink := func(r run) float64 { return 32e5 / r.bits }
	final := func(r run) float64 { return r.accuracy(rounds) }
	check(uplink, final)
	names := eval[string](b, `document.getElementById("pareto-front").textContent`)
	if !strings.HasPrefix(names, "On the front: Codec A, 16 bit; Codec E, 12 bit; ") || strings.Contains(names, "Codec B") {
		t.Errorf("the page says %q", names)
	}
	b.shoot("pareto", true)
	b.choose("pareto-x", "of both directions")
	check(func(r run) float64 { return 64e6 / (10*r.bits + 32e6) }, final)
	if hash := eval[string](b, "location.hash"); hash != "#pareto=both" {
		t.Errorf("the address remembers %q", hash)
	}
	b.choose("pareto-x", "of the uplink")
	b.click("#best")
	check(uplink, run.best)

	b.click("#legend li:nth-child(3) .toggle")
	if list := marks(b); len(list) != 9 || list[2].Index != 3 {
		t.Errorf("with one hidden: %+v", list)
	}
	b.quiet("file:", "about:")
}

// TestParetoReadout points at a mark of two seeds, and at nothing.
func TestParetoReadout(t *testing.T) {
	b := newTab(t)
	b.open(report(t), 1280, 900, "light")
	m := marks(b)[1]
	if one, two := runs()[2].accuracy(rounds), runs()[3].accuracy(rounds); math.Abs(m.High-m.Y-math.Abs(one-two)/math.Sqrt2) > 1e-5 {
		t.Errorf("the error bar ends at %g above %g, of %g and %g", m.High, m.Y, one, two)
	}
	at := eval[[]float64](b, `(() => { const o = flsim.scatter.plot.over; o.scrollIntoView({block: "center"}); const r = o.getBoundingClientRect(); return [r.x, r.y]; })()`)
	b.mouse(moved, at[0]+m.PixelX+3, at[1]+m.Down+3)
	b.until(`!document.getElementById("pareto-tip").hidden`)
	text := eval[string](b, `document.getElementById("pareto-tip").textContent`)
	if !strings.Contains(text, runs()[2].label) || !strings.Contains(text, fmt.Sprintf("%.2f ±", 100*m.Y)) || !strings.Contains(text, "compressed 8×") {
		t.Errorf("the readout says %q", text)
	}
	b.shoot("pareto-readout", false)
	b.mouse(moved, 2, 2)
	b.until(`document.getElementById("pareto-tip").hidden`)
	b.quiet("file:", "about:")
}
