package configs

import "embed"

// Shipped holds the configurations that come with the program; those in papers/ repeat what papers show.
//
//go:embed *.toml papers/*.toml
var Shipped embed.FS
