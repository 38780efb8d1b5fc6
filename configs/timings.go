package configs

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
