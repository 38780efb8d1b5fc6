package flsim

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "flsim"

// floors is the plan of the house: a package imports only packages of lower floors. A new package gets a place here
// before it is built; one that fits nowhere is a question about the design.
var floors = [][]string{
	0: {
		".", // this one, which is documentation
		"internal/rng", "internal/wire", "internal/f32", "internal/tensor", "internal/params", "internal/dist",
		"internal/masks", "internal/spell", "internal/units",
		"codecs/internal/magnitude",
		"sim/event",
		"plots/plotstest",
		"datasets/nifti",
	},
	1: {"clients/nn", "codecs", "codecs/internal/positions", "datasets", "network", "sim/strategy", "sim/record", "internal/weights"},
	2: {
		"internal/export",
		"codecs/transform", "codecs/sparsify", "codecs/quantize", "codecs/entropy",
		"codecs/internal/pruning",
		"datasets/cifar", "datasets/discs", "datasets/fetch", "datasets/idx", "datasets/synthetic", "datasets/volumes",
		"plots", "sim/results",
		"clients",
		"internal/bench",
	},
	3: {"plots/figures", "plots/table", "codecs/adaquant", "codecs/cossgd", "codecs/fedmrn", "codecs/fedzip", "codecs/feddip", "codecs/feddst", "codecs/codectest", "sim", "datasets/brats", "datasets/synthetic/brain"},
	4: {"codecs/all", "datasets/all", "plots/report"},
	5: {"configs", "plots/report/live"},
	6: {"internal/runner"},
	7: {"internal/sweep"},
	8: {"cmd/flsim/app"},
	9: {"cmd/flsim"},
}

// neighbours are the imports within floor 0 that are allowed all the same. They must not form a cycle, which the
// compiler sees to.
var neighbours = map[string][]string{
	"internal/dist": {"internal/rng"},
}

// collectors register all that there is of something. Only those who wire a run may import them: whoever else did
// would depend on every scheme.
var collectors = []string{"codecs/all", "datasets/all"}

var wirers = []string{"configs", "cmd/flsim/app"}

// schemes are the names by which papers call what they propose. They have no business outside codecs and
// configurations: the rest of the program branches on what a codec can do, never on what it is called.
var schemes = []string{"cossgd", "adaquant", "fedmrn", "fedzip", "feddip", "feddst", "fedsparsify"}

// sources returns the module's Go files by folder, without those of tests.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipFolder(name, entry)
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			name = filepath.ToSlash(name)
			files[path.Dir(name)] = append(files[path.Dir(name)], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// skipFolder leaves out what the go command leaves out: test data, hidden folders and other modules.
func skipFolder(name string, entry fs.DirEntry) error {
	if name == "." {
		return nil
	}
	if base := entry.Name(); base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// imports returns the folders of this module that the files import, for any platform and build tag.
func imports(t *testing.T, files []string) []string {
	t.Helper()
	found := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if target == module {
				found["."] = true
			} else if folder, inside := strings.CutPrefix(target, module+"/"); inside {
				found[folder] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func floorOf() map[string]int {
	floor := map[string]int{}
	for f, folders := range floors {
		for _, folder := range folders {
			floor[folder] = f
		}
	}
	return floor
}

// fault says what is wrong with an import, or nothing.
func fault(from, to string, floor map[string]int) string {
	toFloor, known := floor[to]
	switch {
	case !known:
		return fmt.Sprintf("%s imports %s, which has no floor", from, to)
	case slices.Contains(collectors, to) && !slices.Contains(wirers, from):
		return fmt.Sprintf("%s imports %s; only %s may", from, to, strings.Join(wirers, " and "))
	case floor[from] == 0 && slices.Contains(neighbours[from], to):
		return ""
	case toFloor >= floor[from]:
		return fmt.Sprintf("%s on floor %d imports %s on floor %d; imports only go down", from, floor[from], to, toFloor)
	}
	return ""
}

func TestLayering(t *testing.T) {
	floor := floorOf()
	files := sources(t)
	for _, folder := range slices.Sorted(maps.Keys(files)) {
		if _, known := floor[folder]; !known {
			t.Errorf("%s has no floor; give it one in the table", folder)
			continue
		}
		for _, target := range imports(t, files[folder]) {
			if problem := fault(folder, target, floor); problem != "" {
				t.Error(problem)
			}
		}
	}
	for folder := range floor {
		if len(files[folder]) == 0 {
			t.Errorf("the table gives a floor to %s, which has no Go files", folder)
		}
	}
}

func TestFaultsAreFound(t *testing.T) {
	floor := floorOf()
	for _, c := range []struct {
		from, to string
		wrong    bool
	}{
		{"codecs", "internal/tensor", false},
		{"clients", "codecs", false},
		{"configs", "codecs/all", false},
		{"internal/dist", "internal/rng", false},
		{"internal/rng", "internal/dist", true},
		{"clients/nn", "codecs", true},
		{"codecs", "clients/nn", true},
		{"codecs", "codecs/quantize", true},
		{"internal/runner", "codecs/all", true},
		{"sim", "datasets/all", true},
		{"sim", "configs", true},
		{"sim", "somewhere", true},
	} {
		if problem := fault(c.from, c.to, floor); (problem != "") != c.wrong {
			t.Errorf("that %s imports %s is judged %q", c.from, c.to, problem)
		}
	}
}

func TestNoSchemeNames(t *testing.T) {
	files := sources(t)
	for _, folder := range slices.Sorted(maps.Keys(files)) {
		if folder == "codecs" || strings.HasPrefix(folder, "codecs/") {
			continue
		}
		for _, name := range files[folder] {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range bytes.Split(bytes.ToLower(text), []byte("\n")) {
				for _, scheme := range schemes {
					if bytes.Contains(line, []byte(scheme)) {
						t.Errorf("%s:%d names the scheme %s; only codecs and configurations may", name, i+1, scheme)
					}
				}
			}
		}
	}
}

// TestSchemesAreListed sees that a package of one paper is among the names that TestNoSchemeNames looks for.
func TestSchemesAreListed(t *testing.T) {
	for _, folder := range floors[3] {
		name, inside := strings.CutPrefix(folder, "codecs/")
		listed := slices.ContainsFunc(schemes, func(s string) bool { return strings.HasPrefix(name, s) })
		if inside && name != "codectest" && !listed {
			t.Errorf("%s is missing in the list of schemes", folder)
		}
	}
}
