package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flsim/plots/report"
	"flsim/sim/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin writes a run without lines and returns the file for them.
func begin(t *testing.T, dir string, seed uint64) *os.File {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	m := &record.Manifest{Schema: 1, Experiment: "e", Variant: "v", Label: "v", Seed: seed, ID: fmt.Sprintf("%064d", seed), Metric: "accuracy", Data: "d", Rounds: 9, Elements: 1}
	if err := record.WriteManifest(dir, m); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, record.RoundsFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func line(t *testing.T, file *os.File, round int, accuracy float64) {
	t.Helper()
	if _, err := fmt.Fprintf(file, "{\"round\":%d,\"uplink_wire_bits_cum\":%d,\"accuracy\":%g}\n", round, 100*round, accuracy); err != nil {
		t.Fatal(err)
	}
}

// step polls and returns what a browser is told, nothing if nothing changed.
func step(t *testing.T, w *watcher, c *reader) (lines []report.Lines, page *report.Page) {
	t.Helper()
	if !w.poll() {
		return nil, nil
	}
	text, err := c.news(snapshot{w.page(), w.versions()})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(text), "\n\r") {
		t.Errorf("an event of several lines: %s", text)
	}
	var news struct {
		Curves []*report.Curve
		Notes  []string
		Lines  []struct {
			Key         string
			From, Count int
		}
	}
	if err := json.Unmarshal(text, &news); err != nil {
		t.Fatal(err)
	}
	for _, l := range news.Lines {
		lines = append(lines, report.Lines{Key: l.Key, From: l.From, Count: l.Count})
	}
	return lines, &report.Page{Curves: news.Curves, Notes: news.Notes}
}

func spans(lines []report.Lines) string {
	var parts []string
	for _, l := range lines {
		parts = append(parts, fmt.Sprintf("%s %d+%d", l.Key, l.From, l.Count))
	}
	return strings.Join(parts, ", ")
}

// A browser is told what is new and no more, whatever happens to the runs.
func TestNews(t *testing.T) {
	root := filepath.Join(t.TempDir(), "runs")
	w, c := newWatcher([]string{root}, ""), &reader{}
	if _, page := step(t, w, c); page == nil || len(page.Curves) != 0 || !strings.Contains(page.Notes[0], "no folder") {
		t.Errorf("of a folder that is not there: %+v", page)
	}
	one := begin(t, filepath.Join(root, "one"), 1)
	line(t, one, 0, 0.1)
	line(t, one, 1, 0.2)
	expect := func(what, want string) {
		t.Helper()
		lines, _ := step(t, w, c)
		if got := spans(lines); got != want {
			t.Errorf("%s: told %q, want %q", what, got, want)
		}
	}
	expect("two lines", "e/one 0+2")
	expect("nothing", "")
	line(t, one, 2, 0.3)
	expect("a third", "e/one 2+1")
	if _, err := one.WriteString(`{"round":3,"accu`); err != nil {
		t.Fatal(err)
	}
	expect("half a line", "")
	if _, err := one.WriteString("racy\":0.4}\n"); err != nil {
		t.Fatal(err)
	}
	expect("the other half", "e/one 3+1")
	two := begin(t, filepath.Join(root, "two"), 2)
	line(t, two, 0, 0.5)
	expect("a second run", "e/two 0+1")
	if err := one.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	line(t, one, 0, 0.15)
	expect("the first begins anew", "e/one 0+1")
	if err := os.RemoveAll(filepath.Join(root, "one")); err != nil {
		t.Fatal(err)
	}
	if _, page := step(t, w, c); len(page.Curves) != 1 || len(page.Curves[0].Runs) != 1 {
		t.Errorf("after the first was deleted: %+v", page)
	}
	if err := os.WriteFile(filepath.Join(root, "two", record.ManifestFile), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, page := step(t, w, c); len(page.Curves) != 0 || !strings.Contains(strings.Join(page.Notes, " "), "1 folder left out") {
		t.Errorf("with a damaged manifest: %+v", page)
	}
}

func get(t *testing.T, h http.Handler, method, host, path string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // should it answer with a stream
	defer cancel()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, method, "http://"+host+path, nil)
	h.ServeHTTP(w, r)
	return w
}

func TestRequests(t *testing.T) {
	s := NewServer([]string{t.TempDir()}, "title", "", "my.host")
	for _, c := range []struct {
		method, host, path string
		want               int
	}{
		{"GET", "127.0.0.1:80", "/", 200},
		{"GET", "127.0.0.1", "/", 200},
		{"GET", "[::1]:80", "/", 200},
		{"HEAD", "localhost:80", "/", 200},
		{"GET", "LOCALHOST", "/", 200},
		{"GET", "my.host:1", "/", 200},
		{"GET", "evil.example", "/", 421},
		{"GET", "localhost.evil.example:80", "/events", 421},
		{"POST", "localhost", "/", 405},
		{"GET", "localhost", "/etc/passwd", 404},
		{"HEAD", "localhost", "/events", 404},
	} {
		w := get(t, s, c.method, c.host, c.path)
		if w.Code != c.want {
			t.Errorf("%s %s%s: %d, want %d", c.method, c.host, c.path, w.Code, c.want)
		}
		if w.Code == 200 && !strings.Contains(w.Header().Get("Content-Security-Policy"), "connect-src 'self'") {
			t.Errorf("%s%s has policy %q", c.host, c.path, w.Header().Get("Content-Security-Policy"))
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = ""
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != 421 {
		t.Errorf("without a host: %d", w.Code)
	}
}

// TestStream listens to a server that looks at its folder by itself, until both end.
func TestStream(t *testing.T) {
	root := t.TempDir()
	file := begin(t, filepath.Join(root, "run"), 1)
	line(t, file, 0, 0.1)
	s := NewServer([]string{root}, "")
	s.Every = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watched := make(chan struct{})
	go func() { s.Watch(ctx); close(watched) }()
	web := httptest.NewServer(s)
	defer web.Close()
	req, err := http.NewRequestWithContext(ctx, "GET", web.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := web.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	in := bufio.NewScanner(res.Body)
	in.Buffer(nil, 1<<20)
	event := func() string {
		for in.Scan() {
			if data, found := strings.CutPrefix(in.Text(), "data: "); found {
				return data
			}
		}
		t.Fatalf("the stream ends: %v", in.Err())
		return ""
	}
	if first := event(); !strings.Contains(first, `"from":0,"count":1`) {
		t.Errorf("first event %s", first)
	}
	line(t, file, 1, 0.2)
	if second := event(); !strings.Contains(second, `"from":1,"count":1`) {
		t.Errorf("second event %s", second)
	}
	cancel()
	<-watched
}
