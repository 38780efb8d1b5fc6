package brats

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"flsim/datasets"
)

// tableNames are the names, in lower case, of tables that come with the set: that of the challenge, and that of FeTS, which
// tells the institutions.
var tableNames = []string{"name_mapping.csv", "partitioning_1.csv"}

// unknownSite is the site of the cases of which nothing is known where more is known of others.
const unknownSite = "unknown"

// table holds the rows of tables of names, by the names of cases that they mention.
type table map[string]row

// row is one line of a table, and the line that heads it.
type row struct{ header, cells []string }

// readTables reads tables of names. Where two speak of a case, the first is taken.
func readTables(paths []string) (table, error) {
	t := table{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
		r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = -1, true, true
		lines, err := r.ReadAll()
		if err != nil || len(lines) < 2 {
			return nil, &datasets.ContentError{Name: path, Problem: "is no table of names: it needs a line of headings and one for each case, with commas between"}
		}
		t.add(lines[0], lines[1:])
	}
	return t, nil
}

func (t table) add(header []string, lines [][]string) {
	for _, cells := range lines {
		for _, cell := range cells {
			if _, taken := t[cell]; !taken && cell != "" && cell != "NA" {
				t[cell] = row{header, cells}
			}
		}
	}
}

// siteWords are what the heading of a column with sites has in it.
var siteWords = []string{"site", "institution", "partition", "hospital", "center", "centre"}

// site returns what a row says of the site: in a column of sites, or in a name that the case had in another edition, the
// latest first.
func (r row) site() string {
	for i, cell := range r.cells[:min(len(r.cells), len(r.header))] {
		heading := strings.ToLower(r.header[i])
		named := slices.ContainsFunc(siteWords, func(word string) bool { return strings.Contains(heading, word) })
		if named && cell != "" && cell != "NA" {
			return cell
		}
	}
	for _, cell := range slices.Backward(r.cells) {
		if site := institution(cell); site != "" {
			return site
		}
	}
	return ""
}

// grade returns what stands in the column Grade, or "".
func (r row) grade() string {
	for i, cell := range r.cells[:min(len(r.cells), len(r.header))] {
		if strings.EqualFold(r.header[i], "grade") && cell != "NA" {
			return cell
		}
	}
	return ""
}

// Names that tell the institution, as in TCGA-DU-7294 and Brats18_TCIA01_131_1.
var (
	tcgaName   = regexp.MustCompile(`(?i)\bTCGA-([0-9A-Z]{2})-`)
	bratsName  = regexp.MustCompile(`(?i)^brats[0-9]*_([0-9A-Z]+)_`)
	partOfName = regexp.MustCompile(`(?i)^(training|validation|testing)$`)
)

// institution returns the token of a case's name that stands for where it is from, or "".
func institution(name string) string {
	for _, pattern := range []*regexp.Regexp{tcgaName, bratsName} {
		if m := pattern.FindStringSubmatch(name); m != nil && !partOfName.MatchString(m[1]) {
			return strings.ToUpper(m[1])
		}
	}
	return ""
}

// A way tells the site of a case, or "".
type way struct {
	name string
	site func(p *Patient) string
}

// ways returns the ways to tell sites, the best first.
func ways(t table) []way {
	return []way{
		{"mapping", func(p *Patient) string { return t[p.Name].site() }},
		{"name", func(p *Patient) string { return institution(p.Name) }},
		{"grade", func(p *Patient) string {
			if grade := p.grade(); grade != "" {
				return grade
			}
			return t[p.Name].grade()
		}},
	}
}

// placeAll gives every patient a site in the way that is asked for, if it tells that of one patient at least. Automatic
// is the first way that tells the sites of half of them.
func (s *Set) placeAll(opt FindOptions, found []string) error {
	if opt.Mapping != "" {
		found = []string{opt.Mapping}
	}
	t, err := readTables(found)
	if err != nil {
		return err
	}
	automatic := opt.Sites == "" || opt.Sites == "auto"
	for _, w := range ways(t) {
		if !automatic && w.name != opt.Sites {
			continue
		}
		names, known := s.sitesBy(w)
		if automatic && 2*known >= len(names) || !automatic && known > 0 {
			if w.name == "mapping" && opt.Mapping != "" {
				w.name += ", " + opt.Mapping
			}
			s.place(names, known, w)
			return nil
		}
	}
	if automatic {
		return nil
	}
	return &datasets.ContentError{Name: s.Patients[0].dir, Problem: fmt.Sprintf("sites = %q tells the site of no case, as of %s: %s", opt.Sites, s.Patients[0].Name, needs(opt.Sites, opt.Mapping))}
}

// needs says what a way to tell sites takes. mapping is the path of a table that was asked for, or "".
func needs(way, mapping string) string {
	switch {
	case way == "name":
		return "names must be like Brats18_CBICA_AAB_1 or TCGA-DU-7294"
	case way == "grade":
		return "cases must lie in folders HGG and LGG, or " + cmp.Or(mapping, "a name_mapping.csv") + " must have a column Grade"
	case mapping != "":
		return mapping + " must hold the names of cases, and beside them their sites or the names that they had in other editions"
	}
	return "a name_mapping.csv or partitioning_1.csv with the names of cases must lie in a folder of the set"
}

// sitesBy returns the name of each patient's site, "" where it is not known, and the number of those that are.
func (s *Set) sitesBy(w way) (names []string, known int) {
	for i := range s.Patients {
		name := w.site(&s.Patients[i])
		names = append(names, name)
		if name != "" {
			known++
		}
	}
	return names, known
}

// place numbers the sites in alphabetical order.
func (s *Set) place(names []string, known int, w way) {
	s.Notes = append(s.Notes, "sites are told by "+w.name)
	if rest := len(names) - known; rest > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("cases whose site is not known, which make up the site %q: %d", unknownSite, rest))
		for i, name := range names {
			if name == "" {
				names[i] = unknownSite
			}
		}
	}
	s.Sites = slices.Compact(slices.Sorted(slices.Values(names)))
	for i, name := range names {
		s.Patients[i].Site, _ = slices.BinarySearch(s.Sites, name)
	}
}
