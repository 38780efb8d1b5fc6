package codecs

import (
	"errors"
	"fmt"
	"math"

	"flsim/internal/wire"
)

// Append appends what of the report is wanted, 4 bytes for each number: the loss, then the range, as float32.
func (r Reports) Append(dst []byte, x Report) []byte {
	if r.Loss {
		dst = wire.AppendFloat32(dst, float32(x.Loss))
	}
	if r.Range {
		dst = wire.AppendFloat32(dst, float32(x.Range))
	}
	return dst
}

// Size returns the length in bytes of what Append appends.
func (r Reports) Size() int { return len(r.Append(nil, Report{})) }

// Parse reads what Append wrote. Numbers have to be finite and not negative.
func (r Reports) Parse(msg []byte) (x Report, err error) {
	if r.Loss {
		if x.Loss, msg, err = reported(msg, "loss"); err != nil {
			return Report{}, err
		}
	}
	if r.Range {
		if x.Range, msg, err = reported(msg, "range"); err != nil {
			return Report{}, err
		}
	}
	if len(msg) > 0 {
		return Report{}, errors.New("there are bytes behind the report's last number")
	}
	return x, nil
}

func reported(msg []byte, name string) (float64, []byte, error) {
	x, rest, err := wire.Float32(msg)
	if err != nil {
		return 0, nil, fmt.Errorf("reported %s: %w", name, err)
	}
	if !(x >= 0 && x <= math.MaxFloat32) {
		return 0, nil, fmt.Errorf("the reported %s %v is not a finite number from 0", name, x)
	}
	return float64(x), rest, nil
}

// AppendFrame appends a framed report.
func (r Reports) AppendFrame(dst []byte, x Report) []byte {
	return wire.AppendFrame(dst, wire.Report, r.Append(nil, x))
}

// ParseFrame reads a framed report, which has to be the whole of frame.
func (r Reports) ParseFrame(frame []byte) (Report, error) {
	msg, err := wire.OneFrame(frame, wire.Report)
	if err != nil {
		return Report{}, err
	}
	return r.Parse(msg)
}
