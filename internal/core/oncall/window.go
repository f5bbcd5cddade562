package oncall

// state is what a layer does around a wall minute: silent, or the turn of one
// seat, without change in [start, end).
type state struct {
	on         bool
	turn       int64 // only if on
	start, end int64
}

// at is the layer's state at a wall minute.
func (l *Layer) at(wall int64) state {
	from, until := l.life()
	switch {
	case wall < from:
		return state{start: -farOff, end: from}
	case wall >= until:
		return state{start: until, end: farOff}
	}
	s := l.window(wall)
	if s.on {
		t := l.turn(wall)
		s.turn, s.start, s.end = t.index, max(s.start, t.start), min(s.end, t.end)
	}
	s.start, s.end = max(s.start, from), min(s.end, until)
	return s
}

// life is when the layer may speak at all, in wall minutes.
func (l *Layer) life() (from, until int64) {
	from, until = l.Start.wall(), farOff
	if !l.From.IsZero() {
		from = l.From.wall()
	}
	if !l.Until.IsZero() {
		until = max(from, l.Until.wall())
	}
	return from, until
}

// window says whether the windows are open at a wall minute and for how long
// that has been and will be so. Windows that touch are one.
func (l *Layer) window(wall int64) state {
	if len(l.Windows) == 0 {
		return state{on: true, start: -farOff, end: farOff}
	}
	s := l.open(wall)
	if !s.on {
		s.start, s.end = l.closed(wall)
		return s
	}
	for next := l.open(s.end); next.on; next = l.open(s.end) {
		s.end = next.end
		if s.end >= wall+minutesPerWeek { // a week without a hole has none ever
			return state{on: true, start: -farOff, end: farOff}
		}
	}
	for before := l.open(s.start - 1); before.on; before = l.open(s.start - 1) {
		s.start = before.start
	}
	return s
}

// open joins the occurrences of windows that hold the minute.
func (l *Layer) open(wall int64) state {
	s := state{start: wall, end: wall}
	today := floorDiv(wall, minutesPerDay)
	for i := range l.Windows {
		w := &l.Windows[i]
		days := w.weekdays()
		for day := today - 1; day <= today; day++ {
			start, end := w.on(day)
			if days.has(day) && start <= wall && wall < end {
				s = state{on: true, start: min(s.start, start), end: max(s.end, end)}
			}
		}
	}
	return s
}

// closed is the hole around a minute at which no window is open.
func (l *Layer) closed(wall int64) (start, end int64) {
	start, end = -farOff, farOff
	today := floorDiv(wall, minutesPerDay)
	for i := range l.Windows {
		w := &l.Windows[i]
		days := w.weekdays()
		for day := today - 9; day <= today+8; day++ {
			if !days.has(day) {
				continue
			}
			opens, closes := w.on(day)
			if closes <= wall && closes > opens {
				start = max(start, closes)
			}
			if opens > wall && closes > opens {
				end = min(end, opens)
			}
		}
	}
	return start, end
}

// on is the window's occurrence of one day, in wall minutes.
func (w *Window) on(day int64) (start, end int64) {
	start, end = day*minutesPerDay+int64(w.Start), day*minutesPerDay+int64(w.End)
	if w.Start >= w.End {
		end += minutesPerDay
	}
	return start, end
}
