// Package store keeps the ledger on disk: streams, journal, wakes and outbox,
// the tables that lists read, and accounts. It writes what a transaction says
// and decides nothing; it never asks what time it is, except to measure.
//
// There is one SQL text for SQLite and PostgreSQL and one conformance suite
// (storetest). What only one of them can do stands in sqlite.go or postgres.go.
package store
