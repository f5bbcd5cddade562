package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tocsin/internal/auth"
)

// admit lets those pass whose role includes the one that is needed. It runs
// before the request's body is read.
func (a *API) admit(need auth.Role) func(huma.Context, func(huma.Context)) {
	sameOrigin := http.NewCrossOriginProtection()
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		who, problem := a.identify(r, sameOrigin)
		if problem == nil && !who.Role.May(need) {
			problem = newProblem(http.StatusForbidden, "", fmt.Sprintf("this needs the role %s, and %s is %s", need, who.Name, who.Role))
		}
		if problem != nil {
			if problem.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="tocsin"`)
			}
			writeProblem(w, r, problem)
			return
		}
		next(huma.WithValue(ctx, keyPerson, who))
	}
}

// identify finds who asks. A token that is not good is refused even beside a
// good session: whoever sends one means it.
func (a *API) identify(r *http.Request, sameOrigin *http.CrossOriginProtection) (auth.Person, *Problem) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return auth.Person{}, newProblem(http.StatusUnauthorized, "", "the API takes Authorization: Bearer "+auth.TokenPrefix+"...")
		}
		who, ok, err := a.opts.Auth.Program(r.Context(), strings.TrimSpace(token))
		if err != nil {
			return who, newProblem(http.StatusServiceUnavailable, "", "the database does not answer, so nobody can be recognised now; try again")
		}
		if !ok {
			return who, newProblem(http.StatusUnauthorized, "", "this token is unknown, expired or revoked")
		}
		return who, nil
	}
	who, ok := a.opts.Session(r)
	if !ok {
		return who, newProblem(http.StatusUnauthorized, "", "send Authorization: Bearer "+auth.TokenPrefix+"..., or sign in with a browser")
	}
	// A browser sends its cookie along with what strangers' pages ask of it.
	if err := sameOrigin.Check(r); err != nil {
		return who, newProblem(http.StatusForbidden, "", "a browser may change things only from Tocsin's own pages")
	}
	return who, nil
}
