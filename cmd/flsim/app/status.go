package app

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"flsim/configs"
	"flsim/datasets"
	"flsim/internal/runner"
	"flsim/internal/units"
	"flsim/sim/record"
)

// status tells on the standard error how runs go: on a terminal one line that is redrawn, elsewhere a plain line for
// each evaluation.
type status struct {
	w       io.Writer
	redraw  bool
	width   int
	quiet   bool
	total   int           // runs
	done    int           // of them
	running map[int]*pace // runs under way, by their index
	drawn   time.Time
	dirty   bool // whether an unfinished line is on the terminal

	mu       sync.Mutex // a run may open data while others tell how they go
	prepared time.Time  // when a plain line last told how far the preparation of scans was
}

// pace is what is known of a run under way.
type pace struct {
	from    int // round that it started from
	started time.Time
	metric  string // of the latest evaluation
	loud    bool   // whether error feedback may amplify, which is to be told once
}

// minRedraw is the least time between two redraws of the line.
const minRedraw = 100 * time.Millisecond

// minPlain is the least time between two plain lines about the preparation of scans.
const minPlain = 10 * time.Second

func newStatus(w io.Writer, mode string, runs int) (*status, error) {
	s := &status{w: w, total: runs, width: 100, running: make(map[int]*pace)}
	file, isFile := w.(*os.File)
	terminal := isFile && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
	switch mode {
	case "auto":
		s.redraw = terminal
	case "line":
		s.redraw = true
	case "plain":
	case "none":
		s.quiet = true
	default:
		return nil, usageError{fmt.Errorf("--progress %s: it is one of auto, line, plain, none", mode)}
	}
	if s.redraw && terminal {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 20 {
			s.width = width
		}
	}
	return s, nil
}

// see shows an event.
func (s *status) see(e runner.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := name(e.Manifest)
	switch e.Kind {
	case runner.Started:
		s.running[e.Index] = &pace{from: e.From, started: time.Now(), metric: "–", loud: e.Built.Sim.Uplink.Feedback}
		if e.From > 0 {
			s.print(fmt.Sprintf("%s  continues after round %d", who, e.From))
		}
		if empty := e.Built.Labels.Empty; empty > 0 {
			s.print(fmt.Sprintf("%s  %d of %s hold no examples and are never sampled", who, empty, units.Count(e.Manifest.Clients, "client")))
		}
	case runner.Progress:
		s.progress(&e)
	case runner.Reused:
		s.done++
		s.print(who + "  was finished before")
	case runner.Shared:
		s.done++
		s.print(fmt.Sprintf("%s  is the same run as %s", who, e.Twin))
	case runner.Waiting:
		s.print(fmt.Sprintf("%s  comes last: another process is playing it in %s", who, e.Dir))
	case runner.Restarted:
		s.print(fmt.Sprintf("%s  starts anew: what is on disk %v", who, e.Why))
	case runner.Failed:
		delete(s.running, e.Index)
		s.print(fmt.Sprintf("%s  failed: %v", who, e.Why))
	case runner.Finished:
		s.done++
		delete(s.running, e.Index)
		s.clear()
	}
}

// prepare shows how far the preparation of scans is. Where it only looks through what was prepared before, plain lines wait
// until that takes long.
func (s *status) prepare(p datasets.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("preparing case %d of %d", p.Case, p.Cases)
	if p.Kept {
		text = fmt.Sprintf("checking case %d of %d, prepared before", p.Case, p.Cases)
	}
	switch {
	case s.redraw && (time.Since(s.drawn) >= minRedraw || p.Case == p.Cases):
		s.draw(text)
	case s.redraw:
	case p.Kept && s.prepared.IsZero():
		s.prepared = time.Now()
	case time.Since(s.prepared) >= minPlain:
		s.print(text)
		s.prepared = time.Now()
	}
}

// tellPreparation makes a builder tell on w how far the preparation of scans is, until done is called.
func tellPreparation(b *configs.Builder, w io.Writer) (done func()) {
	s, err := newStatus(w, "auto", 0)
	if err != nil {
		panic(err) // auto is one of the modes
	}
	b.Progress = s.prepare
	return func() {
		b.Progress = nil
		s.clear()
	}
}

// name tells which run it is.
func name(m *record.Manifest) string {
	if len(m.Axes) > 0 {
		return fmt.Sprintf("%s (%s) seed=%d", m.Variant, m.Label, m.Seed)
	}
	return fmt.Sprintf("%s seed=%d", m.Variant, m.Seed)
}

func (s *status) progress(e *runner.Event) {
	m, line, p := e.Manifest, &e.Line, s.running[e.Index]
	if p.loud && line.NMSEUplink > 1 {
		p.loud = false
		s.print(fmt.Sprintf("%s  warning: the uplink's error is larger than the updates (NMSE %.3g), so that what error feedback keeps back may grow without bound; "+
			"it is meant for codecs with an NMSE below 1, such as topk", name(m), line.NMSEUplink))
	}
	if line.Eval != nil {
		p.metric = units.Percent(line.Eval.Test)
	}
	if !s.redraw {
		if line.Eval != nil {
			s.print(fmt.Sprintf("[%d/%d] %s", e.Index+1, s.total, p.text(m, line)))
		}
		return
	}
	if time.Since(s.drawn) < minRedraw && line.Round < m.Rounds {
		return
	}
	head := fmt.Sprintf("[%d/%d] ", s.done+1, s.total)
	if others := len(s.running) - 1; others > 0 {
		head = fmt.Sprintf("[%d/%d, %d at once] ", s.done+1, s.total, others+1)
	}
	s.draw(head + p.text(m, line))
}

func (p *pace) text(m *record.Manifest, line *record.Round) string {
	return fmt.Sprintf("%s  round %d/%d  %s %s  up %s  sim %s  ETA %s", name(m), line.Round, m.Rounds,
		m.Metric, p.metric, units.Bits(float64(line.UplinkSum.Wire)), units.Seconds(line.SimTime), units.Span(p.eta(m, line)))
}

func (p *pace) eta(m *record.Manifest, line *record.Round) time.Duration {
	done := line.Round - p.from
	left := m.Rounds - line.Round
	if m.Budget > 0 && line.SimTime > 0 { // rounds have taken their share of it so far
		left = int(min(float64(left), math.Ceil((m.Budget/line.SimTime-1)*float64(line.Round))))
	}
	return time.Since(p.started) / time.Duration(max(done, 1)) * time.Duration(left)
}

func (s *status) draw(text string) {
	if s.quiet {
		return
	}
	if runes := []rune(text); len(runes) >= s.width {
		text = string(runes[:s.width-1])
	}
	fmt.Fprintf(s.w, "\r%s\x1b[K", text)
	s.drawn, s.dirty = time.Now(), true
}

func (s *status) print(text string) {
	if s.quiet {
		return
	}
	s.clear()
	fmt.Fprintln(s.w, strings.TrimRight(text, " "))
}

// clear takes the unfinished line off the terminal.
func (s *status) clear() {
	if s.dirty {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.dirty = false
	}
}
