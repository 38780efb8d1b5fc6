package record

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Transfer is one line of transfers.jsonl: one message's way between a client and the server.
type Transfer struct {
	Round     int     `json:"round"`
	Client    int     `json:"client"`
	Direction string  `json:"direction"` // "uplink" or "downlink"
	Messages  int     `json:"messages"`  // frames that the transfer holds; more than 1 where missed ones are caught up
	Wire      int64   `json:"wire_bytes"`
	Payload   int64   `json:"payload_bytes"`
	Side      int64   `json:"side_bytes"`
	Entropy   float64 `json:"entropy_bits"`
	Paper     float64 `json:"paper_bits"`
	NMSE      float64 `json:"nmse"`
	Start     float64 `json:"start_s"`   // simulated seconds
	End       float64 `json:"end_s"`     // when the last bit arrived
	Latency   float64 `json:"latency_s"` // of the client's link
	LinkMbps  float64 `json:"link_mbps"` // the client's own link in this direction; 0 where it is unlimited
}

// Bits returns the transfer's counts.
func (t *Transfer) Bits() Bits {
	return Bits{Wire: 8 * t.Wire, Payload: 8 * t.Payload, Side: 8 * t.Side, Entropy: t.Entropy, Paper: t.Paper}
}

// ReadTransfers reads the transfers of a run's first rounds, in the order in which they ended. The error is
// fs.ErrNotExist if none were recorded.
func ReadTransfers(dir string, rounds int) ([]Transfer, error) {
	path := filepath.Join(dir, TransfersFile)
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var list []Transfer
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return list, nil // a line that a killed process left unfinished is not a line yet
		}
		if err != nil {
			return nil, err
		}
		var t Transfer
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, fmt.Errorf("%w: %s:%d: %v", ErrDamaged, path, n, err)
		}
		if t.Round > rounds {
			return list, nil
		}
		list = append(list, t)
	}
}
