package configs

import "embed"

// Shipped holds the configurations that come with the program; those of papers are in the folder papers.
//
//go:embed *.toml papers/*.toml
var Shipped embed.FS
