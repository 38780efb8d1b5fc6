// Command flsim is flsim with more networks.
package main

import (
	"os"

	_ "example.com/preact"

	"flsim/cmd/flsim/app"
)

func main() { os.Exit(app.Main()) }
