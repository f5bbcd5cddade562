package storetest

import "testing"

// PostgresURL names an empty database of its own for the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	t.Skip("no PostgreSQL: set TOCSIN_TEST_POSTGRES to the URL of a server")
	return ""
}
