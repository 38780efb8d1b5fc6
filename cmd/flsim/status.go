package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

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
	total   int // runs
	run     int // of them the one under way, from 1
	from    int // round that the run under way started from
	started time.Time
	drawn   time.Time
	metric  string // of the latest evaluation
	loud    bool   // whether error feedback may amplify, which is to be told once
	dirty   bool   // whether an unfinished line is on the terminal
}

// minRedraw is the least time between two redraws of the line.
const minRedraw = 100 * time.Millisecond

func newStatus(w io.Writer, mode string, runs int) (*status, error) {
	s := &status{w: w, total: runs, width: 100}
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
	switch e.Kind {
	case runner.Started:
		s.run++
		s.started, s.from, s.metric = time.Now(), e.From, "–"
		s.loud = e.Built.Sim.Uplink.Feedback
		if e.From > 0 {
			s.print(fmt.Sprintf("%s  continues after round %d", name(e.Manifest), e.From))
		}
		if empty := e.Built.Labels.Empty; empty > 0 {
			s.print(fmt.Sprintf("%s  %d of %s hold no examples and are never sampled", name(e.Manifest), empty, units.Count(e.Manifest.Clients, "client")))
		}
	case runner.Progress:
		s.progress(e.Manifest, &e.Line)
	case runner.Reused:
		s.run++
		s.print(fmt.Sprintf("%s  was finished before", name(e.Manifest)))
	case runner.Restarted:
		s.print(fmt.Sprintf("%s  starts anew: what is on disk %v", name(e.Manifest), e.Why))
	case runner.Finished:
		s.clear()
	}
}

func name(m *record.Manifest) string { return fmt.Sprintf("%s seed=%d", m.Variant, m.Seed) }

func (s *status) progress(m *record.Manifest, line *record.Round) {
	if s.loud && line.NMSEUplink > 1 {
		s.loud = false
		s.print(fmt.Sprintf("%s  warning: the uplink's error is larger than the updates (NMSE %.3g), so that what error feedback keeps back may grow without bound; "+
			"it is meant for codecs with an NMSE below 1, such as topk", name(m), line.NMSEUplink))
	}
	if line.Eval != nil {
		s.metric = units.Percent(line.Eval.Test)
	}
	if !s.redraw {
		if line.Eval != nil {
			s.print(s.text(m, line))
		}
		return
	}
	if time.Since(s.drawn) < minRedraw && line.Round < m.Rounds {
		return
	}
	s.draw(s.text(m, line))
}

func (s *status) text(m *record.Manifest, line *record.Round) string {
	return fmt.Sprintf("[%d/%d] %s  round %d/%d  %s %s  up %s  sim %s  ETA %s", s.run, s.total, name(m), line.Round, m.Rounds,
		m.Metric, s.metric, units.Bits(float64(line.UplinkSum.Wire)), units.Seconds(line.SimTime), units.Span(s.eta(m, line)))
}

func (s *status) eta(m *record.Manifest, line *record.Round) time.Duration {
	done := line.Round - s.from
	left := m.Rounds - line.Round
	if m.Budget > 0 && line.SimTime > 0 { // rounds have taken their share of it so far
		left = int(min(float64(left), math.Ceil((m.Budget/line.SimTime-1)*float64(line.Round))))
	}
	return time.Since(s.started) / time.Duration(max(done, 1)) * time.Duration(left)
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
