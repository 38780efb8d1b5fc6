package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Round is one line of rounds.jsonl: what happened between two aggregations, and where the run stood after the
// second. Round 0 is the state before training.
type Round struct {
	Round     int
	SimTime   float64 // seconds
	Clients   int     // that took part
	Examples  int     // that they trained on, once per local epoch
	LocalLoss float64 // mean over those examples, at the weights of their step; NaN in round 0

	Uplink, Downlink       Bits // of this round
	UplinkSum, DownlinkSum Bits // of all rounds so far

	NMSEUplink, NMSEDownlink float64 // mean over the round's messages of ||decoded-sent||^2/||sent||^2; NaN if none

	More []Column // settings that the server announced, and what clients reported

	Eval *Evaluation // nil in rounds that are not evaluated
}

// Evaluation is the global model's score.
type Evaluation struct {
	Metric                     string   // name of the metric's column
	Test, TestLoss             float64  // on the test set
	Train, TrainLoss           float64  // on a fixed sample of the training examples
	HeldOut                    bool     // whether a validation share was held out of the training data
	Validation, ValidationLoss float64  // on that share
	More                       []Column // what was asked for besides
}

// Column is one named number of a line.
type Column struct {
	Name  string
	Value float64
}

// ColumnFor returns the column of a measure, such as "dice", for a part of what is measured, such as the region "WT": its
// name in small letters and digits, with underscores for all else.
func ColumnFor(measure, part string) string {
	return measure + "_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(part))
}

// Columns returns the line's numbers in the order in which they are written.
func (r *Round) Columns() []Column {
	cols := []Column{
		{"round", float64(r.Round)}, {"sim_time_s", r.SimTime},
		{"clients", float64(r.Clients)}, {"examples", float64(r.Examples)}, {"local_loss", r.LocalLoss},
	}
	cols = append(cols, r.Uplink.columns("uplink_", "")...)
	cols = append(cols, r.Downlink.columns("downlink_", "")...)
	cols = append(cols, r.UplinkSum.columns("uplink_", "_cum")...)
	cols = append(cols, r.DownlinkSum.columns("downlink_", "_cum")...)
	total := r.UplinkSum
	total.Add(r.DownlinkSum)
	cols = append(cols, total.columns("total_", "_cum")...)
	cols = append(cols, Column{"nmse_uplink", r.NMSEUplink}, Column{"nmse_downlink", r.NMSEDownlink})
	cols = append(cols, r.More...)
	if e := r.Eval; e != nil {
		cols = append(cols, e.columns()...)
	}
	return cols
}

func (e *Evaluation) columns() []Column {
	cols := []Column{
		{e.Metric, e.Test}, {"loss", e.TestLoss},
		{"train_" + e.Metric, e.Train}, {"train_loss", e.TrainLoss},
	}
	if e.HeldOut {
		cols = append(cols, Column{"validation_" + e.Metric, e.Validation}, Column{"validation_loss", e.ValidationLoss})
	}
	return append(cols, e.More...)
}

func (b Bits) columns(prefix, suffix string) []Column {
	return []Column{
		{prefix + "wire_bits" + suffix, float64(b.Wire)},
		{prefix + "payload_bits" + suffix, float64(b.Payload)},
		{prefix + "side_bits" + suffix, float64(b.Side)},
		{prefix + "entropy_bits" + suffix, b.Entropy},
		{prefix + "paper_bits" + suffix, b.Paper},
	}
}

// AppendJSON appends the line as a JSON object without a line break. Columns that are not finite are left out: JSON
// has no word for them.
func (r *Round) AppendJSON(dst []byte) []byte { return appendObject(dst, r.Columns()) }

func appendObject(dst []byte, cols []Column) []byte {
	dst = append(dst, '{')
	first := true
	for _, c := range cols {
		if math.IsNaN(c.Value) || math.IsInf(c.Value, 0) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = strconv.AppendQuote(dst, c.Name)
		dst = append(dst, ':')
		dst = AppendNumber(dst, c.Value)
	}
	return append(dst, '}')
}

// AppendNumber writes whole numbers without exponent, as people expect of counts, and others in the shortest form
// that reads back as the same float64.
func AppendNumber(dst []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// Row is a line that was read back: its numbers by column name.
type Row map[string]float64

func parseRows(data []byte, file string) ([]Row, error) {
	var rows []Row
	for n, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, fmt.Errorf("%w: %s:%d: not a line of numbers: %v", ErrDamaged, file, n+1, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
