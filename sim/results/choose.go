package results

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flsim/internal/units"
	"flsim/sim/record"
)

// Choose decides between runs of one curve and seed whose settings differ, as an experiment leaves them that was played again
// with some key changed. Of the sets of runs that agree in the keys in question, it keeps the one that has runs of most curves and
// seeds; of equal ones the one with more finished runs, then that with more rounds, then the newest. Curves that have no run in
// it keep their best one, unless that differs from the set in what belongs to the experiment as a whole, such as the number
// of rounds or the data.
//
// The note says what was left out, in one line; it is empty if nothing was.
func Choose(runs []*record.Run) (kept []*record.Run, note string, err error) {
	byExperiment := map[string][]*record.Run{}
	for _, r := range runs {
		byExperiment[r.Manifest.Experiment] = append(byExperiment[r.Manifest.Experiment], r)
	}
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(byExperiment)) {
		list, note, err := choose(byExperiment[name])
		if err != nil {
			return nil, "", err
		}
		kept = append(kept, list...)
		if note != "" {
			notes = append(notes, note)
		}
	}
	return kept, strings.Join(notes, "; "), nil
}

// Rivals reports whether there are runs of one curve and seed whose settings differ, between which Choose would decide.
func Rivals(runs []*record.Run) bool {
	ids := map[string]string{}
	for _, r := range runs {
		key := slotKey(r)
		if id, known := ids[key]; known && id != r.Manifest.ID {
			return true
		}
		ids[key] = r.Manifest.ID
	}
	return false
}

// rivalry is what Choose knows of the runs of one experiment.
type rivalry struct {
	runs     []*record.Run
	settings []Settings
	slots    map[string][]int // indices of the runs of a curve and seed
	keys     []string         // in which runs of one slot differ
}

func choose(runs []*record.Run) (kept []*record.Run, note string, err error) {
	v, err := newRivalry(runs)
	if err != nil || len(v.keys) == 0 {
		return runs, "", err
	}
	best, err := v.best()
	if err != nil {
		return nil, "", err
	}
	keep := v.keep(best)
	left := map[string]int{}
	alike := true
	for i, r := range runs {
		if !keep[slotKey(r)+r.Manifest.ID] {
			left[v.text(i)]++
			continue
		}
		kept = append(kept, r)
		alike = alike && v.text(i) == best.text
	}
	taken := units.Count(len(kept), "run")
	if alike {
		taken += " with " + best.text
	}
	return kept, v.note(taken, left), nil
}

// keep returns which runs stay, by slot and id: of each slot the run of the best set, or else the best one that can be compared
// with it.
func (v *rivalry) keep(best set) map[string]bool {
	keep := map[string]bool{}
	for key, slot := range v.slots {
		chosen := -1
		for _, i := range slot {
			if v.text(i) == best.text {
				chosen = i
				break
			}
			if v.comparable(i, best.of) && (chosen < 0 || rank(v.setOf(i), v.setOf(chosen)) < 0) {
				chosen = i
			}
		}
		if chosen >= 0 {
			keep[key+v.runs[chosen].Manifest.ID] = true
		}
	}
	return keep
}

func slotKey(r *record.Run) string { return fmt.Sprint(curveKey(r), " ", r.Manifest.Seed) }

func newRivalry(runs []*record.Run) (*rivalry, error) {
	v := &rivalry{runs: runs, slots: map[string][]int{}}
	seen := map[string]bool{}
	for _, r := range runs {
		if key := slotKey(r) + r.Manifest.ID; !seen[key] {
			seen[key] = true
			v.slots[slotKey(r)] = append(v.slots[slotKey(r)], len(v.settings))
		}
		s, err := ReadSettings(r.Dir)
		if err != nil {
			return nil, err
		}
		v.settings = append(v.settings, s)
	}
	differ := map[string]bool{}
	for _, slot := range v.slots {
		for _, i := range slot[1:] {
			v.compare(v.settings[slot[0]], v.settings[i], differ)
		}
	}
	v.keys = slices.Sorted(maps.Keys(differ))
	return v, nil
}

// compare notes the keys in which runs differ. Runs that differ in nothing that was written down have other data or are
// of another version of the program.
func (v *rivalry) compare(a, b Settings, differ map[string]bool) {
	if maps.Equal(a, b) {
		differ[otherID] = true
	}
	for _, s := range []Settings{a, b} {
		for key := range s {
			if a[key] != b[key] {
				differ[key] = true
			}
		}
	}
}

// otherID stands for a difference that no setting shows.
const otherID = "version or data"

// text writes a run's values of the keys that differ.
func (v *rivalry) text(i int) string {
	var parts []string
	for _, key := range v.keys {
		value := v.settings[i][key]
		if key == otherID {
			value = fmt.Sprintf("of %s, id %.8s", v.runs[i].Manifest.Version, v.runs[i].Manifest.ID)
		}
		parts = append(parts, key+" = "+cmp.Or(value, "none"))
	}
	return strings.Join(parts, ", ")
}

// comparable reports whether runs agree in what belongs to the experiment as a whole.
func (v *rivalry) comparable(i, j int) bool {
	for _, key := range v.keys {
		if shared(key) && v.settings[i][key] != v.settings[j][key] {
			return false
		}
	}
	return true
}

// set is the runs that agree in all keys in question.
type set struct {
	text            string
	of              int // index of one of its runs
	slots, finished int
	rounds          int
	newest          int64 // nanoseconds since 1970
}

func (v *rivalry) best() (set, error) {
	sets := map[string]*set{}
	for _, slot := range v.slots {
		for _, i := range slot {
			text := v.text(i)
			if sets[text] == nil {
				sets[text] = &set{text: text, of: i}
			}
			sets[text].add(v.runs[i])
		}
	}
	list := make([]set, 0, len(sets))
	for _, text := range slices.Sorted(maps.Keys(sets)) {
		list = append(list, *sets[text])
	}
	slices.SortStableFunc(list, rank)
	if len(list) > 1 && rank(list[0], list[1]) == 0 {
		return set{}, fmt.Errorf("there are as many runs with %s as with %s, and of the same age; choose with --where KEY=VALUE, or draw all with --all", list[0].text, list[1].text)
	}
	return list[0], nil
}

// rank compares sets; the better one comes first.
func rank(a, b set) int {
	return cmp.Or(b.slots-a.slots, b.finished-a.finished, b.rounds-a.rounds, cmp.Compare(b.newest, a.newest))
}

// setOf returns a run as a set of its own.
func (v *rivalry) setOf(i int) set {
	s := set{text: v.text(i), of: i}
	s.add(v.runs[i])
	return s
}

func (s *set) add(r *record.Run) {
	s.slots++
	if r.Result != nil {
		s.finished++
	}
	if n := len(r.Rounds); n > 0 {
		s.rounds = max(s.rounds, int(r.Rounds[n-1]["round"]))
	}
	for _, name := range []string{record.ResultFile, record.ManifestFile} {
		if info, err := os.Stat(filepath.Join(r.Dir, name)); err == nil {
			s.newest = max(s.newest, info.ModTime().UnixNano())
			break
		}
	}
}

func (v *rivalry) note(taken string, left map[string]int) string {
	if len(left) == 0 {
		return ""
	}
	var parts []string
	for _, text := range slices.Sorted(maps.Keys(left)) {
		parts = append(parts, fmt.Sprintf("%s with %s", units.Count(left[text], "run"), text))
	}
	return fmt.Sprintf("%s: taking %s, leaving out %s", v.runs[0].Manifest.Experiment, taken, strings.Join(parts, ", "))
}

// Where keeps the runs whose resolved settings have given values; each condition is KEY=VALUE, as in "rounds=60". A
// key that no run has is an error.
func Where(runs []*record.Run, conditions []string) ([]*record.Run, error) {
	for _, c := range conditions {
		key, value, ok := strings.Cut(c, "=")
		if !ok {
			return nil, fmt.Errorf("a condition is written KEY=VALUE, not %q", c)
		}
		var kept []*record.Run
		values := map[string]bool{}
		for _, r := range runs {
			s, err := ReadSettings(r.Dir)
			if err != nil {
				return nil, err
			}
			if s[key] == value {
				kept = append(kept, r)
			}
			values[s[key]] = true
		}
		if len(values) == 1 && values[""] {
			return nil, fmt.Errorf("no run has a setting named %q; flsim check --resolved shows what there is", key)
		}
		if len(kept) == 0 {
			return nil, fmt.Errorf("no run has %s = %s; there are %s", key, value, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		}
		runs = kept
	}
	return runs, nil
}

// Spread makes curves of their own of runs that differ in their settings, and names the difference in their labels.
func Spread(runs []*record.Run) ([]*record.Run, error) {
	v, err := newRivalry(runs)
	if err != nil || len(v.keys) == 0 {
		return runs, err
	}
	out := make([]*record.Run, len(runs))
	for i, r := range runs {
		twin := *r
		out[i] = &twin
		if len(v.slots[slotKey(r)]) > 1 {
			twin.Manifest.Label = labelOf(r) + ", " + v.text(i)
			twin.Manifest.Variant += " " + v.text(i)
		}
	}
	return out, nil
}
