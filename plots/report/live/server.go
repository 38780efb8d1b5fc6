package live

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"flsim/plots/report"
)

// Server serves the page of the runs at or below some folders: "/" is the page, "/events" tells it what changes.
type Server struct {
	Every time.Duration // between two looks at the folders; longer if a look takes long

	hosts []string
	watch *watcher

	mu    sync.Mutex
	now   snapshot
	moved chan struct{} // closed when there is a newer snapshot
}

// snapshot is what all browsers are to see. It does not change.
type snapshot struct {
	page     *report.Page
	versions map[string]int // of runs' lines, by directory
}

// NewServer makes a server for the runs at or below roots, which need not be there yet, and looks at them once. Beside
// IP addresses and localhost it answers to hosts: others are names that someone else's page made point here.
func NewServer(roots []string, title string, hosts ...string) *Server {
	s := &Server{Every: time.Second, hosts: append(slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return h == "" }), "localhost"), watch: newWatcher(roots, title), moved: make(chan struct{})}
	s.watch.poll()
	s.now = snapshot{s.watch.page(), s.watch.versions()}
	return s
}

// Watch looks at the folders again and again until ctx ends.
func (s *Server) Watch(ctx context.Context) {
	wait := s.Every
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		start := time.Now()
		if s.watch.poll() {
			s.publish(snapshot{s.watch.page(), s.watch.versions()})
		}
		wait = max(s.Every, 10*time.Since(start))
	}
}

func (s *Server) publish(n snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = n
	close(s.moved)
	s.moved = make(chan struct{})
}

// latest returns the snapshot, and a channel that is closed when there is a newer one.
func (s *Server) latest() (snapshot, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, s.moved
}

// Page returns the page as it is now.
func (s *Server) Page() *report.Page {
	n, _ := s.latest()
	return n.page
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	switch {
	case !s.answersTo(r.Host):
		http.Error(w, "This server answers to localhost and to IP addresses only.", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET.", http.StatusMethodNotAllowed)
	case r.URL.Path == "/":
		s.servePage(w)
	case r.URL.Path == "/events" && r.Method == http.MethodGet:
		s.serveEvents(w, r)
	default:
		http.NotFound(w, r)
	}
}

// answersTo checks the Host header against names that were rebound to this machine.
func (s *Server) answersTo(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if net.ParseIP(host) != nil {
		return true
	}
	for _, name := range s.hosts {
		if host == strings.ToLower(name) {
			return true
		}
	}
	return false
}

func (s *Server) servePage(w http.ResponseWriter) {
	n, _ := s.latest()
	var html bytes.Buffer
	if err := n.page.WriteHTML(&html); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", report.Policy(true)+"; frame-ancestors 'none'")
	w.Write(html.Bytes()) // a browser that went away needs no answer
}

// keepAlive is how often a comment tells browsers and proxies that the stream is alive.
const keepAlive = 20 * time.Second

// serveEvents sends what changes as server-sent events, in the beginning everything.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	sent := reader{}
	for {
		n, moved := s.latest()
		event, err := sent.news(n)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "retry: 1000\nevent: update\ndata: %s\n\n", event); err != nil || out.Flush() != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-r.Context().Done():
				return
			case <-moved:
				waiting = false
			case <-time.After(keepAlive):
				if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil || out.Flush() != nil {
					return
				}
			}
		}
	}
}

// reader knows what one browser has been told.
type reader struct {
	lines map[string]told // by key
	cases string          // contact sheets and the curves that they belong to
}

type told struct {
	dir            string
	version, lines int
}

// news returns the event, one line of JSON, that brings a browser up to a snapshot.
func (c *reader) news(n snapshot) ([]byte, error) {
	page := *n.page
	cases, err := json.Marshal([]any{page.Cases, page.Curves})
	if err != nil {
		return nil, err
	}
	if string(cases) == c.cases {
		page.Cases = nil
	} else if page.Cases == nil {
		page.Cases = []report.Case{}
	}
	c.cases = string(cases)
	now := map[string]told{}
	news := page.News(func(r report.Run) int {
		before, is := c.lines[r.Key], told{r.Dir, n.versions[r.Dir], r.Len()}
		now[r.Key] = is
		if before.dir != is.dir || before.version != is.version {
			return 0
		}
		return before.lines
	})
	c.lines = now
	return json.Marshal(news)
}
