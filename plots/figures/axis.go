package figures

// Axis says how figures show a column of the records: shown values are recorded ones times Scale, in the unit that
// Label ends with.
type Axis struct {
	Column string
	Label  string
	Scale  float64
	Log    bool // the axis is logarithmic by default
	Low    bool // smaller is better
}

// XAxis describes a horizontal axis: one of XNames, with bits as one of Accounts counts them, or a column's name.
func XAxis(name, account string) (Axis, error) {
	a, err := xAxis(name, account)
	return a.words(), err
}

// YAxis describes a column as a vertical axis, for runs that mark the given regions.
func YAxis(column string, regions []string) Axis { return yAxis(column, regions).words() }

func (a axis) words() Axis { return Axis{a.column, a.label, a.scale, a.log, a.low} }
