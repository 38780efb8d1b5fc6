package runner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"flsim/configs"
	"flsim/datasets"
	"flsim/sim"
	"flsim/sim/record"
)

// Outcome is what became of one run.
type Outcome struct {
	Dir string // empty if the run was not begun
	Err error  // nil if the run is finished
}

// retry is how long PlayAll waits before it looks again after runs that other processes play.
const retry = 500 * time.Millisecond

// PlayAll brings runs to their ends, several at once if cores allow, and returns an outcome for each. Runs start in
// order, but for those that another process plays and those that equal one under way: they come when nothing else is
// left, and take over the result if there is one by then. As long as there are enough runs each has one core; the last
// ones share what is free. What comes out does not depend on any of that.
//
// A run that fails does not keep the others from their turn; missing or wrong data, contradictions and the end of ctx do. Runs
// that had no turn then have sim.ErrStopped as their outcome.
func (r *Runner) PlayAll(ctx context.Context, runs []configs.Run, manifests []record.Manifest, cores int) []Outcome {
	q := &queue{runner: r, runs: runs, manifests: manifests, cores: cores,
		outcomes: make([]Outcome, len(runs)), ended: make(chan ending), busy: make(map[string]bool), played: make(map[string][]string), told: make(map[int]bool)}
	for i := range runs {
		q.waiting = append(q.waiting, i)
		q.outcomes[i].Err = sim.ErrStopped
	}
	q.play(ctx)
	return q.outcomes
}

// queue is the runs that PlayAll has before it. One goroutine steers it.
type queue struct {
	runner    *Runner
	runs      []configs.Run
	manifests []record.Manifest
	cores     int
	outcomes  []Outcome

	waiting []int               // in the order in which they get their turn
	held    []int               // by other processes
	busy    map[string]bool     // ids under way here
	played  map[string][]string // directories of the runs that ended here, by id
	told    map[int]bool        // runs of which it has been said that others play them
	ended   chan ending

	building sync.Mutex // the builder is one goroutine's
	watching sync.Mutex
}

type ending struct {
	index int
	Outcome
}

func (q *queue) play(ctx context.Context) {
	tick := time.NewTicker(retry)
	defer tick.Stop()
	stop := ctx.Done()
	for {
		for len(q.busy) < q.cores && q.start(ctx) {
		}
		if len(q.busy)+len(q.waiting)+len(q.held) == 0 {
			return
		}
		select {
		case e := <-q.ended:
			q.end(e)
		case <-tick.C:
			if len(q.waiting) == 0 {
				q.waiting, q.held = q.held, nil
			}
		case <-stop:
			q.waiting, q.held, stop = nil, nil, nil
		}
	}
}

// start begins the next run that may begin, if there is one.
func (q *queue) start(ctx context.Context) bool {
	k := slices.IndexFunc(q.waiting, func(i int) bool { return !q.busy[q.manifests[i].ID] })
	if k < 0 || ctx.Err() != nil {
		return false
	}
	i := q.waiting[k]
	q.waiting = slices.Delete(q.waiting, k, k+1)
	workers := q.cores / min(q.cores, len(q.busy)+1+len(q.waiting))
	id := q.manifests[i].ID
	q.busy[id] = true
	equal := q.played[id]
	go func() {
		dir, err := q.one(ctx, i, workers, equal)
		q.ended <- ending{i, Outcome{dir, err}}
	}()
	return true
}

// one plays one run. Equal runs that ended here before are in the directories equal.
func (q *queue) one(ctx context.Context, i, workers int, equal []string) (string, error) {
	q.building.Lock()
	built, err := q.runner.Builder.Build(q.runs[i])
	q.building.Unlock()
	if err != nil {
		return "", err
	}
	built.Sim.Workers = workers
	all := q.runner
	r := Runner{Dir: all.Dir, Force: all.Force, Version: all.Version, Kernel: all.Kernel, Host: all.Host, // without the builder, which others use
		repeated: equal, Watch: func(e Event) { q.tell(i, e) }}
	return r.playBuilt(ctx, built, q.runs[i].TOML())
}

func (q *queue) tell(i int, e Event) {
	q.watching.Lock()
	defer q.watching.Unlock()
	e.Index = i
	q.runner.tell(e)
}

func (q *queue) end(e ending) {
	id := q.manifests[e.index].ID
	delete(q.busy, id)
	q.outcomes[e.index] = e.Outcome
	if e.Err == nil {
		q.played[id] = append(q.played[id], e.Dir)
	}
	var held *record.HeldError
	if errors.As(e.Err, &held) {
		q.outcomes[e.index].Err = sim.ErrStopped
		q.held = append(q.held, e.index)
		if !q.told[e.index] {
			q.told[e.index] = true
			q.tell(e.index, Event{Kind: Waiting, Manifest: &q.manifests[e.index], Dir: held.Dir})
		}
		return
	}
	if e.Err != nil && !errors.Is(e.Err, sim.ErrStopped) {
		q.tell(e.index, Event{Kind: Failed, Manifest: &q.manifests[e.index], Dir: e.Dir, Why: e.Err})
	}
	if ends(e.Err) {
		q.waiting, q.held = nil, nil
	}
}

// ends reports whether no other run is worth a try after an error.
func ends(err error) bool {
	var clash *configs.ContradictionError
	return errors.Is(err, sim.ErrStopped) || datasets.AtFault(err) || errors.As(err, &clash)
}
