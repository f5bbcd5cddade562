// Tocsin: incident management and response in one binary.
package main

import (
	"os"
	_ "time/tzdata" // zones must work where the host has none

	"tocsin/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
