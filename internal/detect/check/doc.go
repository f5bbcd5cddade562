// Package check makes one look at one thing: a web page, a port, a name, a
// certificate, a host. A type of check is one file and one line in Types.
//
// It says what it saw in a sentence and how long each phase took. It never
// repeats a probe, never decides whether a failure is worth waking somebody,
// and never reaches cloud metadata or link-local addresses unless the Prober
// was told to: checks are written by people who may not own the machine.
package check
