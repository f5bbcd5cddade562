// Package demoplan is the sample plan that the demo runs: a small shop, its
// people, their shifts and what pages them. It holds files and nothing else;
// whoever loads them gives values for Placeholders.
package demoplan

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml scenarios
var files embed.FS

// Files are the YAML files and the scenarios beside them.
func Files() fs.FS { return files }

// Placeholders are the ${NAME}s that the files leave open: where the sample
// shop listens, and the keys of the two integrations.
func Placeholders() []string { return []string{"ALERTMANAGER_KEY", "PAGERDUTY_KEY", "SHOP_URL"} }
