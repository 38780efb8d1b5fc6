package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse checks that no text and no option makes Parse panic, that errors have places inside the text, and that
// what is accepted can be written and read back.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range append(files, "quickstart.toml") {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), strings.Join(options(string(text)), "\n"))
	}
	f.Add(places, "clients.lr=0.1\ncodec.q.type=topk")
	f.Add("[[a]]\nb = [{c = 1}, {c = 2}]\n[a.d]\n", "variant.x={}")
	f.Add("x = {\n y = 1,\n}\n\"\" = 3\n\"a.b\".c = 4", `"" = 1`)
	f.Fuzz(func(t *testing.T, text, sets string) {
		file, err := Parse("f.toml", text, strings.Split(sets, "\n"))
		if err != nil {
			checkPlaces(t, err, text)
			return
		}
		for i, r := range file.Runs() {
			if i < 3 {
				checkRoundTrip(t, r)
			}
		}
	})
}

func checkPlaces(t *testing.T, err error, text string) {
	errs, ok := err.(Errors)
	if !ok || len(errs) == 0 {
		t.Fatalf("the error is of type %T", err)
	}
	lines := strings.Split(text, "\n")
	for _, e := range errs {
		if e.Message == "" || e.File == "" || e.Line < 0 || e.Line > len(lines) || e.Line > 0 && e.Col < 1 {
			t.Errorf("the error has no proper place: %+v", e)
		}
	}
}

func TestLargeNonsenseIsRefusedSoon(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < maxText-20; i++ {
		fmt.Fprintf(&b, "k%d=%d\n", i, i)
	}
	_, err := Parse("many.toml", b.String(), nil)
	if errs, ok := err.(Errors); !ok || len(errs) != maxErrors {
		t.Errorf("got %d errors, want %d", len(errs), maxErrors)
	}
	if _, err := Parse("long.toml", b.String()+b.String(), nil); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v", err)
	}
}
