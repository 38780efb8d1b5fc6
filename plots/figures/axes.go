package figures

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"flsim/internal/spell"
	"flsim/sim/record"
)

// axis says how a column of the records is shown.
type axis struct {
	column string
	label  string
	scale  float64 // shown = recorded * scale
	log    bool
	low    bool // smaller is better
}

// XNames returns the names of what experiments may put on the x axis.
func XNames() []string {
	return []string{"uplink_bits", "downlink_bits", "total_bits", "round", "sim_time"}
}

// Accounts returns the ways to count bits: "wire" is what was transmitted, "payload" that without the frames, "entropy"
// the zero-order entropy of the symbols with side data, "paper" the authors' own formula.
func Accounts() []string { return []string{"wire", "payload", "entropy", "paper"} }

// xAxis finds an axis by one of XNames, or by a column's name. Bits are cumulative, over all clients, in Mbit.
func xAxis(name, account string) (axis, error) {
	if account == "" {
		account = "wire"
	}
	if !slices.Contains(Accounts(), account) {
		return axis{}, fmt.Errorf("no count of bits is named %q; there are %s", account, strings.Join(Accounts(), ", "))
	}
	kind := ""
	if account != "wire" {
		kind = " " + account
	}
	if direction, ok := strings.CutSuffix(name, "_bits"); ok && slices.Contains(XNames(), name) {
		words := map[string]string{"uplink": "Uplink", "downlink": "Downlink", "total": "Uplink + downlink"}[direction]
		return axis{
			column: direction + "_" + account + "_bits_cum",
			label:  words + kind + ", all clients (Mbit)",
			scale:  1e-6, log: true,
		}, nil
	}
	switch name {
	case "round":
		return axis{column: "round", label: "Round", scale: 1}, nil
	case "sim_time":
		return axis{column: "sim_time_s", label: "Simulated time (s)", scale: 1}, nil
	}
	return columnAxis(name), nil
}

var yAxes = []axis{
	{column: "accuracy", label: "Test accuracy (%)", scale: 100},
	{column: "train_accuracy", label: "Training accuracy (%)", scale: 100},
	{column: "validation_accuracy", label: "Validation accuracy (%)", scale: 100},
	{column: "top5_accuracy", label: "Top-5 test accuracy (%)", scale: 100},
	{column: "client_accuracy", label: "Accuracy, clients' mean (%)", scale: 100},
	{column: "worst_client_accuracy", label: "Accuracy, worst clients (%)", scale: 100},
	{column: "received_accuracy", label: "Accuracy, received model (%)", scale: 100},
	{column: "dice", label: "Test Dice (%)", scale: 100},
	{column: "train_dice", label: "Training Dice (%)", scale: 100},
	{column: "validation_dice", label: "Validation Dice (%)", scale: 100},
	{column: "loss", label: "Test loss", scale: 1, low: true},
	{column: "received_loss", label: "Loss, received model", scale: 1, low: true},
	{column: "train_loss", label: "Training loss", scale: 1, low: true},
	{column: "validation_loss", label: "Validation loss", scale: 1, low: true},
	{column: "local_loss", label: "Clients' own training loss", scale: 1, low: true},
	{column: "reported_loss", label: "Training loss that clients reported", scale: 1, low: true},
	{column: "reported_range", label: "Range of updates that clients reported", scale: 1, log: true},
	{column: "levels", label: "Quantisation levels", scale: 1, log: true},
	{column: "objective", label: "Objective", scale: 1, low: true},
	{column: "nmse_uplink", label: "Uplink error (NMSE)", scale: 1, log: true, low: true},
	{column: "nmse_downlink", label: "Downlink error (NMSE)", scale: 1, log: true, low: true},
}

// yAxis finds an axis of runs that mark regions, or of others, by a column's name.
func yAxis(name string, regions []string) axis {
	if name == "dice" && len(regions) > 0 {
		return axis{column: name, label: "Mean Dice of " + strings.Join(regions, ", ") + " (%)", scale: 100}
	}
	for _, a := range yAxes {
		if a.column == name {
			return a
		}
	}
	for _, region := range regions {
		switch name {
		case record.ColumnFor("dice", region):
			return axis{column: name, label: "Dice of " + region + " (%)", scale: 100}
		case record.ColumnFor("hd95", region):
			return axis{column: name, label: "Surface distance of " + region + ", HD95 (voxels)", scale: 1, low: true}
		}
	}
	if site, ok := strings.CutPrefix(name, "dice_"); ok {
		return axis{column: name, label: "Mean Dice at site " + site + " (%)", scale: 100}
	}
	return columnAxis(name)
}

// regionColumns returns the columns of a measure by region.
func regionColumns(measure string, regions []string) []string {
	var columns []string
	for _, region := range regions {
		columns = append(columns, record.ColumnFor(measure, region))
	}
	return columns
}

// of returns the same axis for another column.
func (a axis) of(column string) axis {
	a.column = column
	return a
}

// columnAxis makes an axis of any column: its words, and Mbit for bits.
func columnAxis(name string) axis {
	a := axis{column: name, label: strings.ReplaceAll(name, "_", " "), scale: 1}
	if direction, _, ok := strings.Cut(name, "_bits"); ok {
		a.label = strings.ReplaceAll(direction, "_", " ") + " bits"
		if strings.HasSuffix(name, "_cum") {
			a.label += ", cumulative"
		}
		a.label += " (Mbit)"
		a.scale = 1e-6
	}
	if a.label != "" {
		a.label = capital(a.label)
	}
	return a
}

// timeAxis chooses the unit of an axis that ends after so many simulated seconds.
func timeAxis(seconds float64) (scale float64, label string) {
	for _, u := range []struct {
		upTo, length float64
		name         string
	}{{300, 1, "s"}, {3 * 3600, 60, "min"}, {72 * 3600, 3600, "h"}} {
		if seconds <= u.upTo {
			return 1 / u.length, "Simulated time (" + u.name + ")"
		}
	}
	return 1.0 / 86400, "Simulated time (days)"
}

// checkColumn reports a column that no run has, and what there is instead: other words that may stand in its place, and
// columns.
func checkColumn(runs []*record.Run, name string, words ...string) error {
	have := map[string]bool{}
	for _, r := range runs {
		for _, row := range r.Rounds {
			for column := range row {
				have[column] = true
			}
		}
	}
	if have[name] || len(have) == 0 {
		return nil // runs without any line have measured nothing yet
	}
	for _, w := range words {
		delete(have, w)
	}
	names := append(words, slices.Sorted(maps.Keys(have))...)
	near := spell.Nearest(name, names)
	if i := slices.IndexFunc(names, func(n string) bool { return strings.Contains(n, name) }); near == "" && i >= 0 {
		near = names[i]
	}
	if near != "" {
		near = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("none of the runs has a column %q; %sthere are %s", name, near, strings.Join(names, ", "))
}
