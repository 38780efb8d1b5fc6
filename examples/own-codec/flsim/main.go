// Command flsim is flsim with one more codec.
package main

import (
	"os"

	_ "example.com/terngrad"

	"flsim/cmd/flsim/app"
)

func main() { os.Exit(app.Main()) }
