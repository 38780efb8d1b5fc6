package datasets

import "slices"

// undivided is a view of a source in which each case is one example, with the label and the site that its examples
// have. Fill still means the source's own examples.
type undivided struct {
	Cased
	members [][]int32 // of each case, in ascending order; cases in order of their first example
}

func newUndivided(source Cased) *undivided {
	u := &undivided{Cased: source}
	place := make(map[int]int)
	for i := range source.Len() {
		c := source.Case(i)
		if _, known := place[c]; !known {
			place[c] = len(u.members)
			u.members = append(u.members, nil)
		}
		u.members[place[c]] = append(u.members[place[c]], int32(i))
	}
	return u
}

func (u *undivided) Len() int        { return len(u.members) }
func (u *undivided) Label(i int) int { return u.Cased.Label(int(u.members[i][0])) }
func (u *undivided) Site(i int) int  { return u.Cased.Site(int(u.members[i][0])) }

// examples replaces cases by their examples, in ascending order.
func (u *undivided) examples(cases []int32) []int32 {
	var list []int32
	for _, c := range cases {
		list = append(list, u.members[c]...)
	}
	slices.Sort(list)
	return list
}

// indivisible returns what of source may not be divided: its cases if it has any, else its examples. inExamples turns a
// list of such into one of examples.
func indivisible(source Source) (of Source, inExamples func([]int32) []int32) {
	if cased, ok := source.(Cased); ok {
		u := newUndivided(cased)
		return u, u.examples
	}
	return source, func(list []int32) []int32 { return list }
}
