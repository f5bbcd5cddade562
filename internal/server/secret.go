package server

import "tocsin/internal/notify"

// Secret reads a value that may be a reference, env:NAME or file:PATH.
func Secret(value string) (string, error) { return notify.Secrets{}.Resolve(value) }
