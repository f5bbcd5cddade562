// Package scenario plays the rules: a text file says what happens, and what is
// true after each step. The same file is a unit test of the core, a user's own
// check of a plan, a what-if and the script of a drill. docs/scenarios.md is
// the language.
//
// Its world is small and pure: states, wakes and messages in maps, a clock that
// moves only when the script says so. It calls core.Cascade exactly as the
// engine does and decides nothing of its own. It never reads a file: the caller
// hands it the text and a function that loads plans.
package scenario
