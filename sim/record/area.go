package record

// Area returns the area under a metric against simulated time from 0 to span seconds, divided by span: the metric's
// mean over that time. Each evaluation holds until the next, and the last one to the end; before the first the metric
// counts as 0. With a span of 0 it is the metric at time 0.
func Area(rows []Row, metric string, span float64) float64 {
	area, value, from := 0.0, 0.0, 0.0
	for _, row := range rows {
		v, ok := row[metric]
		at := row["sim_time_s"]
		if !ok || at > span {
			continue
		}
		area += float64(value * (at - from))
		value, from = v, at
	}
	if span == 0 {
		return value
	}
	return (area + float64(value*(span-from))) / span
}
