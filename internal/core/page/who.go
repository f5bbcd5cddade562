package page

import (
	"slices"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// duty is a person to be told and the sentence part that says why.
type duty struct{ user, why string }

// found is what a list of targets leads to at an instant.
type found struct {
	people   []duty
	channels []notification.Ref
	empty    []string // why a target led to nobody
}

func (f found) users() []string {
	out := make([]string, len(f.people))
	for i, d := range f.people {
		out[i] = d.user
	}
	return out
}

// resolve asks the schedules who is on call now. A person is told once, however
// many targets lead to them.
func resolve(sc plan.Scene, targets []plan.Target) found {
	var f found
	for _, target := range targets {
		switch target.Kind {
		case plan.ToUser:
			f.add(target.ID, "named in person")
		case plan.ToTeam:
			f.team(sc, target.ID)
		case plan.ToSchedule:
			f.schedule(sc, target.ID)
		case plan.ToChannel:
			if sc.Plan.Channel(target.ID) == nil {
				f.empty = append(f.empty, "channel "+target.ID+" is not in the plan any more")
			} else {
				f.channels = append(f.channels, notification.Ref{Contact: target.ID})
			}
		}
	}
	f.people = slices.DeleteFunc(f.people, func(d duty) bool {
		gone := sc.Plan.User(d.user) == nil
		if gone {
			f.empty = append(f.empty, d.user+" is not in the plan any more")
		}
		return gone
	})
	return f
}

func (f *found) add(user, why string) {
	if !slices.ContainsFunc(f.people, func(d duty) bool { return d.user == user }) {
		f.people = append(f.people, duty{user: user, why: why})
	}
}

func (f *found) team(sc plan.Scene, id string) {
	team := sc.Plan.Team(id)
	if team == nil || len(team.Members) == 0 {
		f.empty = append(f.empty, "team "+id+" has no members")
		return
	}
	for _, m := range team.Members {
		f.add(m, "in team "+id)
	}
}

func (f *found) schedule(sc plan.Scene, id string) {
	s := sc.Plan.Schedule(id)
	if s == nil {
		f.empty = append(f.empty, "schedule "+id+" is not in the plan any more")
		return
	}
	on := s.On(sc.Board.Overrides, sc.At)
	if len(on) == 0 {
		f.empty = append(f.empty, "schedule "+id+" has nobody on call at "+sc.At.In(s.Loc).Format("15:04 on Mon 2 Jan, MST")+": "+s.Nobody(sc.Board.Overrides, sc.At).Text)
	}
	for _, d := range on {
		f.add(d.User, "on call in schedule "+id+": "+d.Why.Text)
	}
}
