package oncall

import "tocsin/internal/core/fact"

// Check refuses an override that could never mean anything. On passes such a
// one over in silence, so whoever takes one from a person must ask here first.
func (o *Override) Check() error {
	switch {
	case o.Kind != Add && o.Kind != Remove && o.Kind != Replace && o.Kind != Only:
		return fact.Refuse("invalid", "kind", "an override adds, removes, replaces or is the only one: add, remove, replace or only")
	case (o.Kind == Add || o.Kind == Replace) && o.User == "":
		return fact.Refuse("invalid", "user", "an override of kind "+string(o.Kind)+" needs a user")
	case o.Kind == Remove && o.Replaces == "":
		return fact.Refuse("invalid", "replaces", "a removal names whom it takes out")
	case o.Kind == Replace && o.User == o.Replaces:
		return fact.Refuse("invalid", "user", "nobody can take their own place")
	case !o.End.After(o.Start):
		return fact.Refuse("invalid", "end", "an override ends after it starts")
	}
	return nil
}
