// Command flsim is flsim with one more data set.
package main

import (
	"os"

	_ "example.com/moons"

	"flsim/cmd/flsim/app"
)

func main() { os.Exit(app.Main()) }
