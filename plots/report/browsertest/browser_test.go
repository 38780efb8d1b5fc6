package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// flsim is the path of the command, built for these tests.
var flsim string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "flsim-browsertest")
	if err != nil {
		panic(err)
	}
	flsim = filepath.Join(dir, "flsim")
	build := exec.Command("go", "build", "-o", flsim, "./cmd/flsim")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building flsim: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// chromium returns the browser's path, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Skip("no Chromium is installed; apt-get install chromium, or name it in the environment as CHROMIUM")
	return ""
}

// tab is a page in a browser of its own. What it says on its console and what it asks of the network is kept.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	said     []string
	requests []string
}

func newTab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, chromedp.ExecPath(chromium(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{call(ctx, runtime.Enable), call(ctx, log.Enable), callWith(ctx, network.Enable, network.EnableParams{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func call(ctx context.Context, c cdp.Command[cdp.Empty, cdp.Empty]) error {
	return callWith(ctx, c, cdp.Empty{})
}

func callWith[P any](ctx context.Context, c cdp.Command[P, cdp.Empty], p P) error {
	return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, p)
		return err
	}))
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprintf("console %s", e.Type))
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, fmt.Sprintf("exception %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		b.said = append(b.said, fmt.Sprintf("log %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// quiet fails if the page complained, or asked for anything that does not begin with one of the allowed addresses.
func (b *tab) quiet(allowed ...string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.said {
		b.Error("the page says: " + text)
	}
	for _, url := range b.requests {
		fine := strings.HasPrefix(url, "data:") || strings.HasPrefix(url, "blob:")
		for _, prefix := range allowed {
			fine = fine || strings.HasPrefix(url, prefix)
		}
		if !fine {
			b.Error("the page asks for " + url)
		}
	}
	b.said = nil
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// open shows an address in a window of the given size, light or dark, and waits for the chart.
func (b *tab) open(url string, width, height int64, scheme string) {
	b.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if err := callWith(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, height), chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	b.until("window.flsim && !!flsim.chart()")
	b.until("document.readyState === 'complete'")
}

// eval returns the value of an expression.
func eval[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to become true.
func (b *tab) until(condition string) {
	b.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if eval[bool](b, "!!("+condition+")") {
			return
		}
	}
	b.quiet("file:", "http:")
	b.Fatalf("%s does not become true", condition)
}

// choose picks an option of a select as a person does.
func (b *tab) choose(id, text string) {
	b.Helper()
	eval[bool](b, fmt.Sprintf(`(() => { const s = document.getElementById(%q); const o = [...s.options].find(o => o.text === %q);
		if (!o) throw new Error("no option " + %q + " among " + [...s.options].map(o => o.text)); s.value = o.value; s.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`, id, text, text))
}

// click clicks the first element that a CSS selector finds, after scrolling to it.
func (b *tab) click(selector string) {
	b.Helper()
	at := eval[[]float64](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector))
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// overChart returns a place in the window by its share of the plotting area's width and height.
func (b *tab) overChart(x, y float64) (float64, float64) {
	b.Helper()
	at := eval[[]float64](b, fmt.Sprintf(`(() => { const o = flsim.chart().over; o.scrollIntoView({block: "center"}); const r = o.getBoundingClientRect(); return [r.x + r.width * %g, r.y + r.height * %g]; })()`, x, y))
	return at[0], at[1]
}

func (b *tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	b.Helper()
	b.do(chromedp.MouseEvent(kind, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

// shoot keeps a picture of the whole page, or of the window.
func (b *tab) shoot(name string, whole bool) {
	b.Helper()
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	picture, err := chromedp.Run(b.ctx, take)
	if err != nil {
		b.Fatal(err)
	}
	keep(b.T, name+".png", picture)
}

// keep writes a file into the folder that the environment names as SHOTS, if it does.
func keep(t *testing.T, name string, data []byte) {
	t.Helper()
	if folder := os.Getenv("SHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
