// Package detect looks at what Tocsin watches itself: it runs every check of
// the plan at its time and hands each result to a Sink.
//
// It keeps its own budget, so that hung targets never starve the pager: few
// probes start at once, a slow one gives its place to others, and one that
// will not end is left behind and said so. It never decides whether a failure
// is soft or hard, and never waits for the Sink.
package detect
