// Package e2e holds the tests that need everything at once: the real binary as
// a process of its own, real programs beside it (Prometheus, Alertmanager,
// PostgreSQL), and the nights on which something breaks. It never reaches
// inside a running Tocsin; what was written is read from the ledger after the
// process has ended.
//
// Everything runs on loopback, is bounded and stops by itself. A test whose
// program is not installed is skipped and says so; with TOCSIN_REQUIRE=1 it
// fails instead.
package e2e
