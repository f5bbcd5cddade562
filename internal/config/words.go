package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
)

// This file holds the small phrases of the language, each as a pair: how it is
// read and how it is written. What is written always reads back the same.

// nobody is how a seat that no one holds is written.
const nobody = "nobody"

// readTurn reads "1 week", "12 hours" or "day".
func readTurn(text string) (every int, unit oncall.Unit, err error) {
	wrong := fmt.Errorf("%q is not a turn like 1 week, 2 days or 12 hours", text)
	words := strings.Fields(text)
	every = 1
	if len(words) == 2 {
		if every, err = strconv.Atoi(words[0]); err != nil || every < 1 {
			return 0, "", wrong
		}
		if every > maxNumber {
			return 0, "", fmt.Errorf("a turn has at most %d units, not %d", maxNumber, every)
		}
		words = words[1:]
	}
	if len(words) != 1 {
		return 0, "", wrong
	}
	switch unit = oncall.Unit(strings.TrimSuffix(words[0], "s")); unit {
	case oncall.Hour, oncall.Day, oncall.Week, oncall.Month:
		return every, unit, nil
	}
	return 0, "", wrong
}

func writeTurn(every int, unit oncall.Unit) string {
	if every == 1 {
		return "1 " + string(unit)
	}
	return fmt.Sprintf("%d %ss", every, unit)
}

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// readWindow reads "mon-fri 09:00-17:00", "sat sun", "22:00-06:00".
func readWindow(text string) (oncall.Window, error) {
	var w oncall.Window
	wrong := func(word string) (oncall.Window, error) {
		return oncall.Window{}, fmt.Errorf("%q: %q is neither weekdays like mon-fri nor hours like 09:00-17:00", text, word)
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		return wrong(text)
	}
	seen := map[time.Weekday]bool{}
	for i, word := range words {
		if strings.Contains(word, ":") && i == len(words)-1 {
			from, to, ok := strings.Cut(word, "-")
			start, errS := oncall.ParseClock(from)
			end, errE := oncall.ParseClock(to)
			if !ok || errS != nil || errE != nil {
				return wrong(word)
			}
			w.Start, w.End = start, end
			continue
		}
		days, ok := readDays(word)
		if !ok {
			return wrong(word)
		}
		for _, d := range days {
			if seen[d] {
				return oncall.Window{}, fmt.Errorf("%q names %s twice", text, dayNames[d])
			}
			seen[d] = true
			w.Days = append(w.Days, d)
		}
	}
	return w, nil
}

// readDays reads one word: "mon", "mon-fri", "sat-mon", "weekdays".
func readDays(word string) ([]time.Weekday, bool) {
	switch word {
	case "weekdays":
		word = "mon-fri"
	case "weekends":
		word = "sat-sun"
	}
	from, to, isRange := strings.Cut(word, "-")
	first, ok := readDay(from)
	if !ok || !isRange {
		return []time.Weekday{first}, ok
	}
	last, ok := readDay(to)
	if !ok {
		return nil, false
	}
	days := []time.Weekday{first}
	for d := first; d != last; {
		d = (d + 1) % 7
		days = append(days, d)
	}
	return days, true
}

func readDay(word string) (time.Weekday, bool) {
	word = strings.ToLower(word)
	for i, name := range dayNames {
		if word == name || word == strings.ToLower(time.Weekday(i).String()) {
			return time.Weekday(i), true
		}
	}
	return 0, false
}

func writeWindow(w oncall.Window) string {
	var words []string
	for i := 0; i < len(w.Days); {
		j := i
		for j+1 < len(w.Days) && w.Days[j+1] == (w.Days[j]+1)%7 {
			j++
		}
		if j-i >= 2 {
			words = append(words, dayNames[w.Days[i]]+"-"+dayNames[w.Days[j]])
			i = j + 1
			continue
		}
		words = append(words, dayNames[w.Days[i]])
		i++
	}
	if w.Start != 0 || w.End != 0 || len(words) == 0 {
		words = append(words, w.Start.String()+"-"+w.End.String())
	}
	return strings.Join(words, " ")
}

// readRule reads "phone at once", "phone" or "email after 2m".
func readRule(text string) (plan.NotifyRule, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 1, len(words) == 3 && words[1] == "at" && words[2] == "once":
		return plan.NotifyRule{Contact: words[0]}, nil
	case len(words) == 3 && words[1] == "after":
		after, err := plan.ParseDuration(words[2])
		return plan.NotifyRule{Contact: words[0], After: after}, err
	}
	return plan.NotifyRule{}, fmt.Errorf("%q is not a rule like \"phone at once\" or \"email after 2m\"", text)
}

func writeRule(r plan.NotifyRule) string {
	if r.After == 0 {
		return r.Contact + " at once"
	}
	return r.Contact + " after " + r.After.String()
}

// readLimit reads "5 per 1m".
func readLimit(text string) (plan.Limit, error) {
	wrong := fmt.Errorf("%q is not a limit like \"5 per 10m\"", text)
	words := strings.Fields(text)
	if len(words) != 3 || words[1] != "per" {
		return plan.Limit{}, wrong
	}
	count, err := strconv.Atoi(words[0])
	if err != nil || count < 1 {
		return plan.Limit{}, wrong
	}
	per, err := plan.ParseDuration(words[2])
	if err != nil || per <= 0 {
		return plan.Limit{}, wrong
	}
	return plan.Limit{Count: count, Per: per}, nil
}

func writeLimit(l plan.Limit) string { return fmt.Sprintf("%d per %s", l.Count, l.Per) }

// readTarget reads "schedule/primary".
func readTarget(text string) (plan.Target, error) {
	kind, id, ok := strings.Cut(text, "/")
	if !ok || id == "" {
		return plan.Target{}, fmt.Errorf("%q is not a target like schedule/primary, team/payments, user/ana or channel/ops", text)
	}
	kinds := []string{string(plan.ToUser), string(plan.ToSchedule), string(plan.ToTeam), string(plan.ToChannel)}
	for _, k := range kinds {
		if kind == k {
			return plan.Target{Kind: plan.TargetKind(k), ID: id}, nil
		}
	}
	return plan.Target{}, fmt.Errorf("a target is a user, schedule, team or channel, not %q%s", kind, didYouMean(kind, kinds))
}

// readDeclare reads "SEV2".
func readDeclare(text string) (int, error) {
	n, ok := strings.CutPrefix(strings.ToUpper(text), "SEV")
	if ok && len(n) == 1 && n[0] >= '1' && n[0] <= '5' {
		return int(n[0] - '0'), nil
	}
	return 0, fmt.Errorf("%q is not SEV1, SEV2, SEV3, SEV4 or SEV5", text)
}

func writeDeclare(n int) string { return "SEV" + strconv.Itoa(n) }
