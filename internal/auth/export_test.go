package auth

// Cheapen makes hashes cost nothing, for tests that are about something else.
func Cheapen(a *Auth) { a.cost = cost{passes: 1, memory: 8} }
