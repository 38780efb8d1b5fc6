package sim

import (
	"math"
	"slices"
	"testing"

	"flsim/clients"
	"flsim/clients/nn"
	"flsim/codecs"
	_ "flsim/codecs/entropy"
	_ "flsim/codecs/fedmrn"
	_ "flsim/codecs/fedzip"
	"flsim/datasets"
	"flsim/datasets/discs"
	"flsim/internal/masks"
	"flsim/internal/tensor"
	"flsim/sim/record"
)

// marking is a configuration of four clients that learn to mark balls, slice by slice.
func marking(t *testing.T) Config {
	return markingIn(t, "unet2d", [3]int{4, 16, 16}, tensor.Shape{H: 16, W: 16, C: 2})
}

func markingIn(t *testing.T, network string, grid [3]int, example tensor.Shape) Config {
	t.Helper()
	cfg := small(t)
	cfg.Data = discs.New(discs.Options{TrainCases: 8, TestCases: 6, Grid: grid, Example: example, Noise: 0.3, Seed: 1})
	config := nn.DefaultConfig()
	config.Name, config.Base, config.Levels = network, 4, 2
	var err error
	if cfg.Model, err = nn.NewSegmenter(config, example, 3); err != nil {
		t.Fatal(err)
	}
	cfg.Metric, cfg.Rounds, cfg.EvalEvery, cfg.TrainExamples, cfg.PerSite, cfg.HD95 = "dice", 2, 1, 5, true, true
	cfg.Training.BatchSize, cfg.Training.Optimizer.LR = 4, 0.3
	cfg.Shards = make([][]int32, 4)
	for i := range cfg.Data.Train.Len() {
		client := i * 4 / cfg.Data.Train.Len()
		cfg.Shards[client] = append(cfg.Shards[client], int32(i))
	}
	return cfg
}

// A small U-Net learns to mark the balls.
func TestSegmentationLearns(t *testing.T) {
	cfg := marking(t)
	cfg.Rounds, cfg.EvalEvery, cfg.Training.Epochs = 10, 10, 4
	p, _ := play(t, cfg)
	first, last := p.rounds[0].Eval, p.rounds[10].Eval
	if last.Test < 0.55 || last.Test < first.Test+0.3 || last.TestLoss > 0.5*first.TestLoss || last.TrainLoss > 0.5*first.TrainLoss {
		t.Errorf("from %+v to %+v", first, last)
	}
}

// The columns of a segmentation have their names, and the mean over regions is the metric.
func TestSegmentationColumns(t *testing.T) {
	p, _ := play(t, marking(t))
	row := map[string]float64{}
	for _, c := range p.rounds[2].Columns() {
		row[c.Name] = c.Value
	}
	for _, name := range []string{"dice", "loss", "train_dice", "train_loss", "dice_wt", "dice_tc", "dice_et", "dice_north", "dice_south", "hd95_wt", "hd95_tc", "hd95_et"} {
		if _, ok := row[name]; !ok {
			t.Errorf("there is no column %q", name)
		}
	}
	if want := (row["dice_wt"] + row["dice_tc"] + row["dice_et"]) / 3; math.Abs(row["dice"]-want) > 1e-12 {
		t.Errorf("dice %v, mean over regions %v", row["dice"], want)
	}
	if want := (row["dice_north"] + row["dice_south"]) / 2; math.Abs(row["dice"]-want) > 1e-12 {
		t.Errorf("dice %v, mean over sites of equal size %v", row["dice"], want)
	}
}

// volumes is marking in blocks smaller than the cases.
func volumes(t *testing.T) Config {
	return markingIn(t, "unet3d", [3]int{6, 12, 8}, tensor.Shape{D: 4, H: 8, W: 8, C: 2})
}

// lossyMarking codes both ways with everything that a codec may keep between rounds.
func lossyMarking(t *testing.T) Config {
	cfg, codes := marking(t), lossy(t)
	cfg.Uplink, cfg.Downlink, cfg.Optimizer = codes.Uplink, codes.Downlink, codes.Optimizer
	return cfg
}

func coded(t *testing.T, names ...string) Config {
	cfg := marking(t)
	var stages []codecs.Settings
	for _, name := range names {
		stages = append(stages, settings(t, name))
	}
	cfg.Uplink = codecs.Sender{Codec: chain(t, stages...)}
	return cfg
}

func prunedMarking(t *testing.T) Config { return pruning(t, marking(t), 1) }

// A segmentation ends with the same bytes for any number of workers and after a resumption, whatever codes it.
func TestSegmentationIsDeterministic(t *testing.T) {
	for name, make := range map[string]func(*testing.T) Config{
		"plain": marking, "volumes": volumes, "error feedback": lossyMarking, "pruned": prunedMarking,
		"cosine": func(t *testing.T) Config { return coded(t, "cossgd", "fse") },
		"masked": func(t *testing.T) Config { return coded(t, "fedmrn") },
		"zip":    func(t *testing.T) Config { return coded(t, "topk", "fedzip", "fedzip-labels") },
	} {
		t.Run(name, func(t *testing.T) {
			want := ""
			for _, workers := range []int{1, 2, 4} {
				cfg := make(t)
				cfg.Workers = workers
				if got := digest(play(t, cfg)); want == "" {
					want = got
				} else if got != want {
					t.Errorf("%d workers give digest %s, 1 gives %s", workers, got, want)
				}
			}
			continues(t, make, want)
		})
	}
}

func TestRanking(t *testing.T) {
	score := func(both int) clients.Score {
		return clients.Score{Regions: []masks.Overlap{{Predicted: 10, True: 10, Both: both}}}
	}
	for _, c := range []struct {
		both []int
		want []place
	}{
		{nil, nil},
		{[]int{3}, []place{{"best", 0}}},
		{[]int{3, 5}, []place{{"best", 1}, {"worst", 0}}},
		{[]int{3, 5, 4}, []place{{"best", 1}, {"median", 2}, {"worst", 0}}},
		{[]int{3, 3, 3, 3}, []place{{"best", 0}, {"median", 2}, {"worst", 3}}},
	} {
		var scores []clients.Score
		for _, n := range c.both {
			scores = append(scores, score(n))
		}
		if got := ranked(scores); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.both, got, c.want)
		}
	}
}

// Picks come with the slice that shows most, and their scores are those of the evaluation.
func TestPicks(t *testing.T) {
	cfg := marking(t)
	p, s := play(t, cfg)
	picks := Picks(&cfg, s.Weights())
	if len(picks) != 3 || picks[0].Rank != "best" || picks[0].Dice < picks[1].Dice || picks[1].Dice < picks[2].Dice {
		t.Fatalf("%+v", picks)
	}
	if mean := p.rounds[2].Eval.Test; picks[0].Dice < mean || picks[2].Dice > mean {
		t.Errorf("best %v, worst %v, mean %v", picks[0].Dice, picks[2].Dice, mean)
	}
	for _, q := range picks {
		if len(q.Image) != 512 || len(q.Truth) != 256 || len(q.Predicted) != 256 || len(q.Regions) != 3 {
			t.Errorf("%s has %d, %d and %d values", q.Rank, len(q.Image), len(q.Truth), len(q.Predicted))
		}
	}
	shape := datasets.Case{Shape: tensor.Shape{D: 3, H: 1, W: 2, C: 1}}
	volume := []float32{0, 1, 2, 3, 4, 5}
	for _, c := range []struct {
		truth, predicted []uint8
		want             int
	}{
		{[]uint8{0, 0, 1, 0, 1, 4}, make([]uint8, 6), 2},
		{[]uint8{0, 2, 1, 0, 0, 0}, make([]uint8, 6), 0},
		{make([]uint8, 6), []uint8{0, 0, 0, 0, 0, 1}, 2},
		{make([]uint8, 6), make([]uint8, 6), 1},
	} {
		if got := pick(shape, volume, c.truth, c.predicted); got.Slice != c.want || got.Image[0] != float32(2*c.want) {
			t.Errorf("%v, %v: slice %d, want %d", c.truth, c.predicted, got.Slice, c.want)
		}
	}
}

// What has no value in any case is no column of a line.
func TestMissingScores(t *testing.T) {
	s := &scans{cases: discs.New(discs.Options{TestCases: 2, Grid: [3]int{4, 4, 4}}).Cases, regions: []string{"A", "B"}, sites: []string{"north", "south"}, hd95: true}
	nan := math.NaN()
	scores := []clients.Score{{Regions: []masks.Overlap{{}, {Predicted: 1}}, HD95: []float64{nan, 3}},
		{Regions: []masks.Overlap{{}, {True: 1, Predicted: 1, Both: 1}}, HD95: []float64{nan, nan}}}
	line := record.Round{Eval: &record.Evaluation{Metric: "dice", More: s.columns(scores, "dice")}}
	row := map[string]float64{}
	for _, c := range line.Eval.More {
		row[c.Name] = c.Value
	}
	if row["dice_a"] != 1 || row["dice_b"] != 0.5 || row["dice_north"] != 0.5 || row["dice_south"] != 1 || row["hd95_b"] != 3 || !math.IsNaN(row["hd95_a"]) {
		t.Errorf("columns %v", row)
	}
}
