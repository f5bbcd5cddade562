package incident

// Filter selects incidents for a list, newest first.
type Filter struct {
	Open     bool // neither resolved nor merged
	Service  string
	Severity Severity // 0: any
	Text     string   // part of the title
	Before   int64    // keyset: number below this
	Limit    int      // 0: 50; at most 500
}
