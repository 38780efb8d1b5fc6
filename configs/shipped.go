package configs

import "embed"

// Shipped holds the configurations that come with the program.
//
//go:embed *.toml papers/*.toml
var Shipped embed.FS
