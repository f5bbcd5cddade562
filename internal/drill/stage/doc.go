// Package stage is the demo's own page: a guide through one incident, the
// sample people's telephones, the mail trap, and the buttons that break and
// heal the sample shop. It looks at the real ledger and says of everything
// whether it is real or simulated.
//
// It decides nothing: a step of the guide is done when the ledger shows that it
// happened, and a telephone answers by following the signed link that a person
// would follow. It answers to loopback addresses only.
package stage
