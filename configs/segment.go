package configs

import (
	"fmt"
	"slices"

	"flsim/clients/nn"
	"flsim/datasets"
	"flsim/sim/record"
)

// The evaluation metrics.
const (
	Accuracy = "accuracy" // of classifiers
	Dice     = "dice"     // of segmentations: mean over regions and test cases

	// MetricWord stands for whichever of them it is, in Plot.Y.
	MetricWord = "metric"
)

// metricOf returns the name of the metric by which models of a data set are judged.
func metricOf(data *datasets.Data) string {
	if data.Regions != nil {
		return Dice
	}
	return Accuracy
}

// modelFor makes the model that is trained: one that marks the data's regions, or one that tells their classes.
func modelFor(e *Experiment, data *datasets.Data) (*nn.Model, error) {
	if data.Regions != nil {
		if err := segmentable(e, data); err != nil {
			return nil, err
		}
		return nn.NewSegmenter(e.Model.Config, data.Train.Shape(), len(data.Regions))
	}
	if e.Eval.PerSite || e.Eval.HD95 {
		return nil, fmt.Errorf("eval.per_site and eval.hd95 are for segmentations; the examples of data set %s have classes", e.Data.Set)
	}
	return nn.New(e.Model.Config, data.Train.Shape(), data.Train.Classes())
}

// segmentable says which settings a segmentation does not take.
func segmentable(e *Experiment, data *datasets.Data) error {
	switch {
	case e.Eval.Top5:
		return fmt.Errorf("eval.top5 is for classes; data set %s marks regions", e.Data.Set)
	case e.Eval.Received:
		return fmt.Errorf("eval.received is for classes; data set %s marks regions", e.Data.Set)
	case e.Eval.PerClient:
		return fmt.Errorf("eval.per_client divides test examples by their class; data set %s marks regions, and eval.per_site scores its sites one by one", e.Data.Set)
	case e.Data.Augment.On():
		return fmt.Errorf("data.augment_crop and data.augment_flip move pixels and not the regions that data set %s marks", e.Data.Set)
	case e.Eval.PerSite && len(data.Sites) == 0:
		return fmt.Errorf("eval.per_site needs to know where cases come from; data set %s does not tell", e.Data.Set)
	case data.Cases == nil || data.Cases.Len() == 0:
		return fmt.Errorf("data set %s has no case to test on", e.Data.Set)
	}
	return tellColumns(e, data)
}

// tellColumns returns an error if two names would give columns of one name.
func tellColumns(e *Experiment, data *datasets.Data) error {
	names := slices.Clone(data.Regions)
	if e.Eval.PerSite {
		names = append(names, data.Sites...)
	}
	seen := map[string]string{}
	for _, name := range names {
		column := record.ColumnFor(Dice, name)
		if first, taken := seen[column]; taken {
			return fmt.Errorf("eval.per_site: %q and %q would both be the column %s", first, name, column)
		}
		seen[column] = name
	}
	return nil
}
