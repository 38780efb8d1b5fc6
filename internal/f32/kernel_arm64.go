//go:build !noasm

package f32

// families relies on what every arm64 processor has.
func families() []family {
	return []family{portableFamily, {neon, 16, heightNeon, tileNeon}}
}

func heightNeon(cols int) int {
	if cols > 12 {
		return len(tilesNeonx16) - 1
	}
	return len(tilesNeonx12m) - 1
}

// tileNeon computes p's tiles. The routines stop before a tile where a result was flushed to zero, since the processor
// does that a little too often; see finishNeon.
func tileNeon(p *tileArgs, m, cols int) {
	if p.flags&pairs != 0 {
		tilePairsPortable(p, m, cols)
		return
	}
	routine := routineNeon(m, cols)
	tail := 4 * uintptr((cols-1)%4+1) // bytes of a row's last register
	p.mask = uintptr(p.t) | tail<<32
	routine(p) // leaves the number of tiles that are left in the lower half of the mask
	if uint32(p.mask) > 0 {
		finishNeon(p, m, cols, routine)
	}
}

// finishNeon computes the tile that routine stopped at, and those behind it.
func finishNeon(p *tileArgs, m, cols int, routine func(*tileArgs)) {
	all := *p
	for left := int(uint32(p.mask)); left > 0; left = int(uint32(p.mask)) {
		p.skip(p.t - left)
		p.mask = uintptr(m) | uintptr(cols)<<32
		tileNeonExact(p)
		if p.mask = 0; left > 1 {
			p.skip(1)
			p.t = left - 1
			p.mask = uintptr(p.t) | all.mask&^(1<<32-1)
			routine(p)
		}
	}
	*p = all
}

func routineNeon(m, cols int) func(*tileArgs) {
	switch {
	case cols == 16:
		return tilesNeonx16[m]
	case cols > 12:
		return tilesNeonx16m[m]
	case cols > 8:
		return tilesNeonx12m[m]
	case cols > 4:
		return tilesNeonx8m[m]
	}
	return tilesNeonx4m[m]
}
