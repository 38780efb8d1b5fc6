package figures

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// timeline makes a figure of who downloads, trains and uploads when, in the first rounds of the first run whose
// transfers were recorded.
func timeline(curves []results.Curve, o Options) (plots.Drawing, error) {
	rounds := o.Rounds
	if rounds <= 0 {
		rounds = 3
	}
	for i := range curves {
		for _, r := range curves[i].Runs {
			if !r.HasTransfers() {
				continue
			}
			transfers, err := record.ReadTransfers(r.Dir, rounds)
			if err != nil {
				return nil, err
			}
			chosen := curves[i]
			chosen.Runs = []*record.Run{r}
			return timelineOf(chosen, transfers, rounds, o), nil
		}
	}
	return nil, fmt.Errorf("no transfers were recorded; set output.transfers = true and run again")
}

// Kinds of stretches of a timeline.
const (
	download = iota
	training
	upload
)

func timelineOf(c results.Curve, transfers []record.Transfer, rounds int, o Options) *plots.Timeline {
	l := &plots.Timeline{Kinds: []string{"download", "training", "upload"}}
	l.Title, l.Subtitle = o.heading([]results.Curve{c}, plots.NoBand)
	if !o.Bare {
		l.Subtitle = fmt.Sprintf("%s · %s %d", c.Label, strings.TrimSuffix(l.Subtitle, "1 seed")+"seed", c.Manifest().Seed)
	}
	end := 0.0
	for _, t := range transfers {
		end = max(end, t.End)
	}
	unit, label := timeAxis(end)
	l.XLabel = label
	rows := rowsOf(transfers, l)
	received := map[int]float64{}
	for _, t := range transfers {
		row := rows[t.Client]
		from, to := t.Start*unit, t.End*unit
		if t.Direction == "downlink" {
			received[t.Client] = to
			l.Spans = append(l.Spans, plots.Span{Row: row, Kind: download, From: from, To: to})
			continue
		}
		if at, ok := received[t.Client]; ok && at < from {
			l.Spans = append(l.Spans, plots.Span{Row: row, Kind: training, From: at, To: from})
		}
		l.Spans = append(l.Spans, plots.Span{Row: row, Kind: upload, From: from, To: to})
	}
	for _, row := range c.Runs[0].Rounds {
		if n := int(row["round"]); n > 0 && n <= rounds {
			l.Marks = append(l.Marks, plots.Target{Value: row["sim_time_s"] * unit, Label: "round " + strconv.Itoa(n)})
		}
	}
	return l
}

// rowsOf gives each client a row, in the order of their numbers.
func rowsOf(transfers []record.Transfer, l *plots.Timeline) map[int]int {
	rows := map[int]int{}
	for _, t := range transfers {
		rows[t.Client] = 0
	}
	for i, client := range slices.Sorted(maps.Keys(rows)) {
		rows[client] = i
		l.Names = append(l.Names, strconv.Itoa(client))
	}
	return rows
}
