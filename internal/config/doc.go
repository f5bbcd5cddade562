// Package config turns a folder of YAML into a plan and back: it reads
// strictly, names every mistake by file, line and column, says in words how two
// plans differ, and finds what is legal but unwise.
//
// It never applies a plan, reads no environment variable of its own accord and
// decides nothing about who is told: all that is the core's and the roof's.
package config
