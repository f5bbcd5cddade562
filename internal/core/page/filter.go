package page

// Filter selects pages for a list, newest first.
type Filter struct {
	Open     bool   // only those not resolved
	Status   Status // empty: any
	Service  string
	User     string // told to this person
	Incident string
	Before   string // keyset on id
	Limit    int    // 0: 50; at most 500
}
