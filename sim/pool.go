package sim

import (
	"sync"

	"flsim/clients"
)

// worker is the workspace of one goroutine at a time.
type worker struct {
	trainer   *clients.Trainer
	eval      *clients.Evaluator // of a classifier
	segmenter *clients.Segmenter // of a segmentation
}

// pool runs jobs on a fixed number of workspaces. Jobs are pure: which worker runs one, and when, cannot be seen in
// its result.
type pool struct {
	free    chan *worker
	running sync.WaitGroup
}

func newPool(n int, newWorker func() *worker) *pool {
	p := &pool{free: make(chan *worker, n)}
	for range n {
		p.free <- newWorker()
	}
	return p
}

// submit runs job as soon as a workspace is free and returns at once.
func (p *pool) submit(job func(*worker)) {
	p.running.Go(func() {
		w := <-p.free
		defer func() { p.free <- w }()
		job(w)
	})
}

// each runs job for 0..n-1 and returns when all are done.
func (p *pool) each(n int, job func(w *worker, i int)) {
	var done sync.WaitGroup
	done.Add(n)
	for i := range n {
		p.submit(func(w *worker) {
			defer done.Done()
			job(w, i)
		})
	}
	done.Wait()
}

// close waits for the jobs under way.
func (p *pool) close() { p.running.Wait() }
