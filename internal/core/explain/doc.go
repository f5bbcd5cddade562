// Package explain answers why somebody is told, why not, and what happens
// next, before it happens. It has no rules of its own: it plays the rules of
// the core forward in a world in which nobody answers and every message
// arrives, and reads what became true. So an explanation cannot disagree with
// what the pager does.
//
// It never changes the state, plan or board that it is given.
package explain
