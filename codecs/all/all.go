// Package all registers every codec that flsim has. Import it for that effect alone.
package all

import (
	_ "flsim/codecs/adaquant"  // adaquantfl
	_ "flsim/codecs/cossgd"    // cossgd
	_ "flsim/codecs/entropy"   // none, deflate, huffman, fse, elias
	_ "flsim/codecs/feddip"    // feddip
	_ "flsim/codecs/feddst"    // feddst
	_ "flsim/codecs/fedmrn"    // fedmrn
	_ "flsim/codecs/fedzip"    // fedzip, fedzip-labels
	_ "flsim/codecs/quantize"  // float16, qsgd, sign, uniform
	_ "flsim/codecs/sparsify"  // topk, randommask
	_ "flsim/codecs/transform" // hadamard
)
