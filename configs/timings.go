package configs

import (
	"flsim/internal/dist"
	"flsim/network"
)

// speeds are the keys that say how fast something is, and those that say the same by times.
var speeds = []struct{ table, speed, time string }{
	{"clients", "gflops", "seconds_per_case"},
	{"network", "uplink_mbps", "uplink_seconds"},
	{"network", "downlink_mbps", "downlink_seconds"},
}

// besides are the keys that need another one of their table.
var besides = []struct{ table, key, needs string }{
	{"clients", "seconds_per_case_rsd", "seconds_per_case"},
	{"clients", "validation_seconds_per_case", "seconds_per_case"},
	{"clients", "validation_seconds_per_case_rsd", "validation_seconds_per_case"},
	{"network", "uplink_seconds_rsd", "uplink_seconds"},
	{"network", "downlink_seconds_rsd", "downlink_seconds"},
}

// timings checks that speeds are given in one way, and with all that belongs to it.
func (d *decoder) timings(n *node, e *Experiment) {
	for _, x := range speeds {
		path := join(x.table, x.time)
		if k := n.kid(x.table).kid(x.time); k != nil && n.kid(x.table).kid(x.speed) != nil && !d.isBad(path) {
			d.fail(k, path, false, "", "%s.%s and %s contradict each other; give one of the two", x.table, x.speed, path)
		}
	}
	d.rates(n.kid("network"), &e.Network)
	for _, x := range besides {
		path := join(x.table, x.key)
		if k := n.kid(x.table).kid(x.key); k != nil && n.kid(x.table).kid(x.needs) == nil {
			d.fail(k, path, false, "", "%s is of no use without %s.%s", path, x.table, x.needs)
		}
	}
	if n.kid("clients").kid("seconds_per_case") != nil {
		d.byTime(n.kid("clients"), e)
	}
}

// rates refuses links that are slower than any.
func (d *decoder) rates(n *node, links *network.Config) {
	for _, x := range []struct {
		key  string
		rate dist.Dist
	}{{"uplink_mbps", links.Uplink}, {"downlink_mbps", links.Downlink}} {
		path := join("network", x.key)
		if k := n.kid(x.key); k != nil && !d.isBad(path) && x.rate != (dist.Dist{}) && network.TooSlow(x.rate) {
			d.fail(k, path, true, "1e-6 Mbit/s, which is 1 bit/s, or more", "%s is too slow: no link has less than 1 bit/s, got %s", path, x.rate)
		}
	}
}

// byTime checks what concerns devices that are given by times.
func (d *decoder) byTime(clients *node, e *Experiment) {
	const validation = "validation_seconds_per_case"
	if e.Clients.Jitter > 0 {
		d.fail(clients.kid("jitter"), "clients.jitter", false, "", "clients.jitter is for clients.gflops; what seconds_per_case varies by is seconds_per_case_rsd")
	}
	if clients.kid(validation) != nil {
		return
	}
	if e.Clients.ValidationShare > 0 {
		d.fail(clients.kid("validation_share"), "clients.validation_share", false, "", "clients.validation_share needs clients.%s beside clients.seconds_per_case", validation)
	}
	if reported(e).Loss {
		d.fail(clients.kid("seconds_per_case"), join("clients", validation), false, "", "that clients report the model's loss takes time; give clients.%s beside clients.seconds_per_case", validation)
	}
}
