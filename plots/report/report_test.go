package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"flsim/sim/record"
	"flsim/sim/results"
)

var update = flag.Bool("update", false, "rewrite the goldens")

func newPage(t *testing.T, runs []*record.Run) *Page {
	t.Helper()
	p, err := New(runs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func htmlOf(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The golden holds everything that the page is told.
func TestData(t *testing.T) {
	data, err := newPage(t, sample(t, t.TempDir())).data()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, data, "", " "); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "page.json")
	// A run's result digest covers its bytes, which this test need not repeat.
	got := regexp.MustCompile(`"[0-9a-f]{12}"`).ReplaceAllStringFunc(text.String(), func(s string) string {
		if strings.HasPrefix(s, `"00000000`) {
			return s
		}
		return `"DIGEST"`
	})
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update rewrites it): %s", golden, diff)
	}
}

func TestEqualRunsGiveEqualBytes(t *testing.T) {
	first := sample(t, filepath.Join(t.TempDir(), "one"))
	second := sample(t, filepath.Join(t.TempDir(), "two"))
	slices.Reverse(second)
	if htmlOf(t, newPage(t, first)) != htmlOf(t, newPage(t, second)) {
		t.Error("the order of runs, or where they are, changes the page")
	}
}

// Texts of users are data: they open no element, and the scripts and styles are those that the policy names.
func TestTextsAreEscaped(t *testing.T) {
	runs := sample(t, t.TempDir())
	for _, r := range runs {
		r.Manifest.Experiment = "</title><script>alert(2)</script>"
	}
	page := htmlOf(t, newPage(t, runs))
	if n := strings.Count(page, "<script"); n != 3 {
		t.Errorf("%d script elements, want 3", n)
	}
	if strings.Contains(page, "alert(1)<") || strings.Contains(page, "<!-- ") {
		t.Error("a label stands in the page as it is")
	}
	for _, kind := range []string{"script", "style"} {
		for _, m := range regexp.MustCompile(`(?s)<`+kind+`>(.*?)</`+kind+`>`).FindAllStringSubmatch(page, -1) {
			sum := sha256.Sum256([]byte(m[1]))
			if hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(Policy(false), kind+"-src") || !strings.Contains(Policy(false), hash) {
				t.Errorf("the policy does not name a %s with hash %s", kind, hash)
			}
		}
	}
}

// The page knows of each run what the table of results says of curves, as far as there is something.
func TestOutcomes(t *testing.T) {
	runs := sample(t, t.TempDir())
	runs[1].Rounds = runs[1].Rounds[:1]
	runs[1].Rounds[0]["clients"] = 0 // nobody sent anything
	runs[2].Rounds = nil
	p := newPage(t, runs)
	for i, want := range []map[string]float64{
		{"final": results.Last(runs[0], "accuracy"), "best": results.Best(runs[0], "accuracy"), "uplink": results.Uplink(runs[0]).Ratio(), "both": results.Both(runs[0]).Ratio()},
		{"final": results.Last(runs[1], "accuracy"), "best": results.Last(runs[1], "accuracy")},
		{},
	} {
		got := p.Runs["sample/"+filepath.Base(runs[i].Dir)].Outcome
		if len(got) != len(want) {
			t.Errorf("run %d came to %v, want %v", i, got, want)
		}
		for name, v := range want {
			if math.Abs(got[name]-v) > 1e-5*math.Abs(v) {
				t.Errorf("run %d: %s %v, want %v", i, name, got[name], v)
			}
		}
	}
}

func TestPolicy(t *testing.T) {
	still, live := Policy(false), Policy(true)
	if !strings.HasPrefix(still, "default-src 'none';") || strings.Contains(still, "connect-src") || strings.Contains(still, "unsafe") {
		t.Errorf("policy of a file: %s", still)
	}
	if live != still+"; connect-src 'self'" {
		t.Errorf("policy of a live page: %s", live)
	}
	page := htmlOf(t, newPage(t, sample(t, t.TempDir())))
	if regexp.MustCompile(`(?i)<(link|img|script|iframe|object)[^>]*(src|href)="?(https?:|//)`).MatchString(page) {
		t.Error("the page names something to load")
	}
}

// The library is what its authors published.
func TestVendoredFiles(t *testing.T) {
	for name, want := range map[string]string{
		"uplot/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
		"uplot/uPlot.min.css":     "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
		"uplot/LICENSE":           "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
	} {
		text, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s has SHA-256 %s, want %s", name, got, want)
		}
	}
}

func TestNoRunsIsAnError(t *testing.T) {
	if _, err := New(nil, Options{}); err != ErrEmpty {
		t.Errorf("error %v", err)
	}
	if page := htmlOf(t, Empty("x")); !strings.Contains(page, "waiting for the first run") {
		t.Error("an empty page does not wait")
	}
}

// Runs that have not written a line yet, or lack a configuration, have their place all the same.
func TestRunsThatBegin(t *testing.T) {
	runs := sample(t, t.TempDir())
	runs[2].Rounds, runs[2].Result = nil, nil
	if err := os.Remove(filepath.Join(runs[0].Dir, record.ConfigFile)); err != nil {
		t.Fatal(err)
	}
	p := newPage(t, runs)
	if len(p.Curves) != 2 || !slices.ContainsFunc(p.Notes, func(s string) bool { return strings.Contains(s, "1 of 3 runs unfinished") }) {
		t.Errorf("%d curves, notes %q", len(p.Curves), p.Notes)
	}
	if got := p.Tables[0].Rows[1].Cells; got[1].Text != "–" || got[9].Text != "0 %" {
		t.Errorf("cells of a run without lines: %v", got)
	}
}
