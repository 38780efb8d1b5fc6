package network

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flsim/sim/event"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the traces in testdata")

// divider parts a scenario file into what happens and the trace that it gives.
const divider = "---\n"

// TestScenarios plays testdata/*.txt. The lines above the divider are
//
//	server up=RATE down=RATE latency=SPAN           first of all; rates in Mbit/s, Infinity if not given
//	client NUMBER up=RATE down=RATE latency=SPAN
//	SPAN start ID client=NUMBER up|down=BYTES       in order of time
//	SPAN cancel ID
//
// and those below are the ends and, whenever they change, the rates of all that is sending, in Mbit/s.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, want, _ := strings.Cut(string(text), divider)
			got := newPlayer().play(script)
			if *update {
				if err := os.WriteFile(file, []byte(script+divider+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("the trace differs (-want +got; -update rewrites it):\n%s", diff)
			}
		})
	}
}

type player struct {
	clients map[int]Link
	net     *Network
	trace   strings.Builder
	rates   string // as last written
}

func newPlayer() *player { return &player{clients: map[int]Link{}} }

func (p *player) play(script string) string {
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "server":
			p.net = New(func(c, _ int) Link { return p.clients[c] }, parseLink(words[1:]))
		case words[0] == "client":
			p.clients[int(number(words[1]))] = parseLink(words[2:])
		default:
			p.act(span(words[0]), words[1], uint64(number(words[2])), words[3:])
		}
	}
	p.advance(event.Never)
	return p.trace.String()
}

func (p *player) act(now event.Time, what string, id uint64, words []string) {
	p.advance(now - 1)
	switch what {
	case "start":
		t := Transfer{ID: id}
		for _, w := range words {
			key, value, _ := strings.Cut(w, "=")
			switch key {
			case "client":
				t.Client = int(number(value))
			case "up":
				t.Dir, t.Bytes = Up, int64(number(value))
			case "down":
				t.Dir, t.Bytes = Down, int64(number(value))
			default:
				panic("unknown word " + w)
			}
		}
		p.net.Start(now, t)
	case "cancel":
		fmt.Fprintf(&p.trace, "%-14v cancel %d, %d bytes sent\n", now, id, p.net.Cancel(now, id))
		p.writeRates(now)
	default:
		panic("unknown act " + what)
	}
}

func (p *player) advance(until event.Time) {
	for now := p.net.Next(); now <= until && now != event.Never; now = p.net.Next() {
		for _, d := range p.net.Advance(now) {
			fmt.Fprintf(&p.trace, "%-14v done %d, %d bytes in %v\n", d.End, d.ID, d.Bytes, d.End-d.Start)
		}
		p.writeRates(now)
	}
}

func (p *player) writeRates(now event.Time) {
	var all []string
	for d := range p.net.lanes {
		l := &p.net.lanes[d]
		flows := slices.Clone(l.flows)
		slices.SortFunc(flows, func(a, b *flow) int { return int(a.order) - int(b.order) })
		for _, f := range flows {
			all = append(all, fmt.Sprintf("%d=%.6g", f.ID, l.current(f).rate()/1e6))
		}
	}
	if line := strings.Join(all, " "); line != p.rates {
		fmt.Fprintf(&p.trace, "%-14v rates %s\n", now, cmp.Or(line, "none"))
		p.rates = line
	}
}

func parseLink(words []string) Link {
	l := fast()
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "up":
			l.Up = Mbps(number(value))
		case "down":
			l.Down = Mbps(number(value))
		case "latency":
			l.Latency = span(value)
		default:
			panic("unknown word " + w)
		}
	}
	return l
}

func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return v
}

func span(s string) event.Time {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return event.Time(d)
}
