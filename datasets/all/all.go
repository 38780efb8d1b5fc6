// Package all registers every data set that flsim knows.
package all

import (
	_ "flsim/datasets/brats"           // brats
	_ "flsim/datasets/cifar"           // cifar10, cifar100
	_ "flsim/datasets/idx"             // mnist, fashion-mnist, emnist, svhn
	_ "flsim/datasets/synthetic"       // synthetic-images
	_ "flsim/datasets/synthetic/brain" // synthetic-brats
)
