package web_test

import (
	"strings"
	"testing"

	"tocsin/internal/web"
)

// A contact's settings hold addresses and tokens that are as good as passwords;
// who may read the plan need not be who may have them.
func TestThePlanAsAFileIsForAdmins(t *testing.T) {
	t.Parallel()
	w, _ := burning(t)
	const inTheFile = "OPS_ROOM"
	has(t, open(t, w, "ana", web.Admin).get("/plan/versions/1").Body.String(), inTheFile)
	for _, role := range []web.Role{web.Viewer, web.Responder} {
		body := open(t, w, "ana", role).get("/plan/versions/1").Body.String()
		has(t, body, "What changed", "is for admins")
		if strings.Contains(body, inTheFile) {
			t.Errorf("a %s reads the whole file of a plan", role)
		}
	}
}
