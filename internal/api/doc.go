// Package api is the face for programs: JSON under /api/v1, described by an
// OpenAPI 3.1 document that is made from the code, with RFC 9457 problems.
// Everything that a person can do in the pages can be done here.
//
// It decides nothing: an operation turns a request into an input of the core
// and an answer of the ledger into JSON. It stores nothing, sends nothing, and
// never gives out what a channel marks as secret. Only the roof may enter.
package api
