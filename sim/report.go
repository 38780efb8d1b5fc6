package sim

import (
	"fmt"

	"flsim/codecs"
	"flsim/sim/record"
)

// collect reads the round's reports from their bytes and adds their mean, weighted as updates are, to what controllers
// know. It returns the columns that hold it.
func (s *Simulation) collect() ([]record.Column, error) {
	if !s.reports.Any() {
		return nil, nil
	}
	var mean codecs.Report
	var all, trained float64 // weights
	for _, t := range s.round.tasks {
		if !t.arrived {
			continue
		}
		r, err := s.reports.ParseFrame(t.result.Report)
		if err != nil {
			return nil, fmt.Errorf("round %d, client %d, report: %w", t.Round, t.Client, err)
		}
		weight := s.cfg.Strategy.Weight(len(t.Shard))
		all += weight
		mean.Loss += float64(weight * r.Loss)
		if !t.Idle {
			trained += weight
			mean.Range += float64(weight * r.Range)
		}
	}
	mean.Loss /= all
	mean.Range /= trained
	s.losses.Reported = append(s.losses.Reported, mean)
	var columns []record.Column
	if s.reports.Loss {
		columns = append(columns, record.Column{Name: "reported_loss", Value: mean.Loss})
	}
	if s.reports.Range {
		columns = append(columns, record.Column{Name: "reported_range", Value: mean.Range})
	}
	return columns, nil
}
