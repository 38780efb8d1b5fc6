//go:build !linux

package f32

import (
	"testing"
	"time"
)

// guardPage returns plain memory where guard pages can't be had.
func guardPage(*testing.T) (page []float32, free func()) { return make([]float32, 1024), func() {} }

var begin = time.Now()

func threadTime() time.Duration { return time.Since(begin) }
