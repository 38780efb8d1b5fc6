package sweep

import (
	"math"

	"flsim/codecs"
	"flsim/internal/wire"
	"flsim/sim"
)

// eligible returns the clients that may be sampled.
func eligible(cfg *sim.Config) (clients []int) {
	for client, shard := range cfg.Shards {
		if len(shard) > 0 {
			clients = append(clients, client)
		}
	}
	return clients
}

// perRound returns how many clients train in a round.
func perRound(cfg *sim.Config) int { return len(cfg.Strategy.Begin(1, eligible(cfg))) }

// onlookers returns the clients of a round that receive the model only to report its loss, and what they report.
func onlookers(cfg *sim.Config) (int, codecs.Reports) {
	reporter, ok := codecs.Find[codecs.Reporter](cfg.Uplink.Codec)
	if !ok || !reporter.Reports().Loss || !reporter.Reports().All {
		return 0, codecs.Reports{}
	}
	return len(eligible(cfg)) - perRound(cfg), reporter.Reports()
}

// reading returns the examples that onlookers measure in a whole run.
func reading(cfg *sim.Config) float64 {
	idle, _ := onlookers(cfg)
	return float64(idle*cfg.Rounds) * mean(cfg.Shards, func(n int) int { return n })
}

// uplink returns the bits that the whole run sends up.
func (t *trial) uplink(cfg *sim.Config) float64 {
	idle, reports := onlookers(cfg)
	bits := t.up/math.Max(1, t.updates)*float64(perRound(cfg)) + float64(8*idle*wire.FrameSize(reports.Size()))
	return bits * float64(cfg.Rounds)
}

// downlink returns the bits that the whole run sends down. What a client is sent depends on what it has: it is played
// who takes part when, with messages as long as those of the trial are on average.
func (t *trial) downlink(cfg *sim.Config) (bits float64) {
	if len(t.down) == 0 {
		return 0
	}
	messages := t.messages()
	all := eligible(cfg)
	idle, _ := onlookers(cfg)
	models, settings := make(map[int]int), make(map[int]int) // client -> what it holds; 0 for nothing
	for round := 1; round <= cfg.Rounds; round++ {
		receivers := all
		if idle == 0 {
			receivers = cfg.Strategy.Begin(round, all)
		}
		version := int(math.Ceil(messages.often * float64(round-1)))
		for _, client := range receivers {
			bits += messages.model(round, models[client], cfg.Downlink.Delta)
			if settings[client] != version {
				bits += messages.settings
			}
			models[client], settings[client] = round, version
		}
	}
	return bits
}

// messages are the bits of messages to one client.
type messages struct {
	first    float64 // of the first round: where changes are sent, the whole model
	later    float64 // of a later one
	settings float64 // of settings that clients keep until there are others
	often    float64 // share of the later rounds that have other settings than the round before
}

func (t *trial) messages() messages {
	var with, without download // settings
	often := 0.0
	for _, d := range t.down[1:] {
		sum := &without
		if d.settings {
			sum = &with
			often++
		}
		sum.bits += d.bits
		sum.clients += d.clients
	}
	m := messages{first: t.down[0].bits / t.down[0].clients}
	switch {
	case with.clients == 0 && without.clients == 0:
		m.later = m.first
	case without.clients == 0: // in each round; perhaps they do not last
		m.later = with.bits / with.clients
	default:
		m.later = without.bits / without.clients
	}
	if with.clients > 0 && without.clients > 0 {
		m.settings = math.Max(0, with.bits/with.clients-m.later)
		m.often = often / float64(len(t.down)-1)
	}
	return m
}

// model returns the bits of the model to a client that has that of an earlier round, 0 for none: of all changes since, or
// of the whole where that is no more.
func (m *messages) model(round, has int, changes bool) float64 {
	missed := float64(round-has) * m.later
	switch {
	case round == 1, changes && (has == 0 || missed >= m.first):
		return m.first
	case changes:
		return missed
	}
	return m.later
}
