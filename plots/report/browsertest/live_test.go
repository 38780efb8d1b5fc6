package browsertest

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve starts flsim serve and returns its address. At the end it is interrupted and must end well.
func serve(t *testing.T, root string) string {
	t.Helper()
	cmd := exec.Command(flsim, "serve", root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended := make(chan error, 1)
		cmd.Process.Signal(syscall.SIGINT)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("flsim serve ends with %v", err)
			}
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			t.Error("flsim serve does not end")
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, _, _ := strings.Cut(line, " ")
	return url
}

func points(b *tab) int {
	return eval[int](b, "flsim.lines().reduce((n, l) => n + l.seeds.reduce((m, s) => m + s.x.length, 0), 0)")
}

// TestLivePage plays a run under the eyes of an open page.
func TestLivePage(t *testing.T) {
	b := newTab(t)
	root := filepath.Join(t.TempDir(), "runs")
	url := serve(t, root)
	b.open(url, 1280, 900, "light")
	b.until(`document.getElementById("live").textContent.includes("waiting")`)

	all := runs()
	all[0].write(t, root, 10)
	b.until("flsim.lines().length === 1")
	eval[bool](b, "(window.stayed = true)")
	before := points(b)
	file, err := os.OpenFile(filepath.Join(all[0].dir(root), "rounds.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for i := 11; i <= 30; i++ {
		fmt.Fprint(file, all[0].line(i))
		time.Sleep(60 * time.Millisecond)
	}
	b.until("flsim.lines()[0].seeds[0].x.length === 15") // the evaluated rounds 2 to 30
	if before != 5 {
		t.Errorf("%d points at first, want 5", before)
	}
	all[2].write(t, root, rounds)
	b.until("flsim.lines().length === 2")
	b.until(`document.getElementById("live").textContent === "Live: 1 of 2 runs done"`)
	b.shoot("live", false)

	x, y := b.overChart(0.2, 0.2)
	x2, y2 := b.overChart(0.9, 0.9)
	b.mouse(pressed, x, y)
	b.mouse(moved, x2, y2)
	b.mouse(released, x2, y2)
	in := xEnds(b)
	fmt.Fprint(file, all[0].line(31), all[0].line(32))
	b.until("flsim.lines()[0].seeds[0].x.length === 16")
	if now := xEnds(b); now[0] != in[0] || now[1] != in[1] {
		t.Errorf("a new point moves the zoomed axis from %v to %v", in, now)
	}

	all[0].write(t, root, 4) // begins anew
	b.until("flsim.lines()[0].seeds[0].x.length === 2")
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	b.until("flsim.lines().length === 0 && flsim.page.curves.length === 0")
	all[1].write(t, root, 20)
	b.until("flsim.lines().length === 1")
	if !eval[bool](b, "window.stayed") {
		t.Error("the page was loaded anew")
	}
	b.quiet(url, "about:")
}

// TestNamesAreChecked asks by a name that could have been rebound to this machine.
func TestNamesAreChecked(t *testing.T) {
	url := serve(t, t.TempDir())
	for host, want := range map[string]int{"": 200, "localhost:1": 200, "evil.example": 421} {
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("host %q: %s, want %d", host, res.Status, want)
		}
	}
}
