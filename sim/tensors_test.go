package sim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"flsim/sim/record"
)

func TestCheckpointTensors(t *testing.T) {
	_, s := play(t, small(t))
	c, err := s.Final()
	if err != nil {
		t.Fatal(err)
	}
	l, w, err := CheckpointTensors(c)
	want := s.cfg.Model.Layout()
	if err != nil || len(w) != want.Len() || len(l) != len(want) {
		t.Fatalf("%d tensors of %d, %d weights, %v", len(l), len(want), len(w), err)
	}
	for i := range l {
		if l[i].Name != want[i].Name || l[i].Off != want[i].Off || l[i].Len != want[i].Len {
			t.Errorf("tensor %+v, want %+v", l[i], want[i])
		}
	}
}

func TestDamagedTensors(t *testing.T) {
	for tensors, want := range map[string]string{
		`[]`:                                                         "does not say",
		`[{"name":"a","shape":[2]}]`:                                 "have 2 elements, its weights 4",
		`[{"name":"a","shape":[-4]}]`:                                "does not fit",
		`[{"name":"a","shape":[0]}]`:                                 "does not fit",
		`[{"name":"a","shape":[2,3]}]`:                               "does not fit",
		`[{"name":"a","shape":[9223372036854775807,4]}]`:             "does not fit",
		`[{"name":"a","shape":[4294967296,4294967296,2]}]`:           "does not fit",
		`[{"name":"a","shape":[2,2]},{"name":"b","shape":[1]}]`:      "does not fit",
		`[{"name":"a","shape":[2,2]},{"name":"b","shape":["four"]}]`: "checkpoint",
	} {
		c := &record.Checkpoint{Header: json.RawMessage(`{"tensors":` + tensors + `}`), Vectors: []record.Vector{{Name: weightsName, Data: make([]float32, 4)}}}
		if _, _, err := CheckpointTensors(c); !errors.Is(err, record.ErrDamaged) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", tensors, err, want)
		}
	}
}
