// Command flsim simulates communication-efficient federated learning: real training, real bytes, a simulated clock.
package main

import (
	"os"

	"flsim/cmd/flsim/app"
)

func main() { os.Exit(app.Main()) }
