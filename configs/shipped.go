package configs

import "embed"

// Shipped holds the configurations that come with the program.
//
//go:embed *.toml
var Shipped embed.FS
