// Package web is the pages for people: HTML rendered on the server, real links
// and real forms, live by server-sent events. Every action that a responder
// needs works without JavaScript. The package decides nothing: it shows what
// the ledger holds, and hands every request to the one door. It never writes
// to a store, never sends a message and never reads a clock of its own.
//
// To add a page: a template in templates/, a view struct and a handler in a
// file named after the page, and one line in routes.go.
package web
