package alertmanager

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

// alert is one postable alert. Labels is a pointer because an absent label set
// refuses the whole batch, an empty one only its own alert.
type alert struct {
	Labels       *signal.Labels    `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     dateTime          `json:"startsAt"`
	EndsAt       dateTime          `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

type dateTime struct{ time.Time }

func (t *dateTime) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	at, err := intake.ParseTime(text)
	t.Time = at
	return err
}

// go-openapi's own codes, which Alertmanager's clients see in the body.
const (
	codeWrongType = 601
	codeRequired  = 602
)

// decode reads a batch and checks it against the schema. Like Alertmanager it
// ignores unknown fields and whatever follows the first JSON value.
func decode(body []byte) ([]alert, *schemaError) {
	var batch []*alert
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&batch)
	if errors.Is(err, io.EOF) {
		return nil, &schemaError{http.StatusUnprocessableEntity, codeRequired, "alerts in body is required"}
	}
	if err != nil {
		return nil, &schemaError{http.StatusBadRequest, http.StatusBadRequest, `parsing alerts body from "" failed, because ` + explain(body, err)}
	}
	out := make([]alert, len(batch))
	for i, a := range batch {
		if a == nil {
			a = &alert{}
		}
		if a.GeneratorURL != "" {
			if _, err := url.ParseRequestURI(a.GeneratorURL); err != nil {
				return nil, &schemaError{http.StatusUnprocessableEntity, codeWrongType,
					fmt.Sprintf("%d.generatorURL in body must be of type uri: %q", i, a.GeneratorURL)}
			}
		}
		if a.Labels == nil {
			return nil, &schemaError{http.StatusUnprocessableEntity, codeRequired, fmt.Sprintf("%d.labels in body is required", i)}
		}
		out[i] = *a
	}
	return out, nil
}

// explain reads a batch that did not decode once more, slowly, to name the
// fields that are at fault.
func explain(body []byte, err error) string {
	v, bad := intake.ParseJSON(body)
	if bad != nil {
		return bad.Why
	}
	root := intake.NewObject(map[string]any{"alerts": v})
	for _, a := range root.List("alerts") {
		a.Texts("labels")
		a.Texts("annotations")
		a.Text("generatorURL")
		for _, name := range []string{"startsAt", "endsAt"} {
			if text := a.Text(name); text != "" {
				if _, err := intake.ParseTime(text); err != nil {
					a.Fail(name, fmt.Sprintf("%q %s", signal.Truncate(text, 60), err))
				}
			}
		}
	}
	if errs := root.Errors(); len(errs) > 0 {
		return intake.Join(errs)
	}
	return err.Error()
}

// remarks are what convert has to say: about alerts that were not taken, and
// about those taken as resolved that look like the work of a clock behind.
type remarks struct{ invalid, stale []string }

func convert(batch []alert, now time.Time) (signals []signal.Signal, notes remarks) {
	signals = make([]signal.Signal, 0, len(batch))
	for i, a := range batch {
		s, why := a.signal(now)
		if why != "" {
			notes.invalid = append(notes.invalid, fmt.Sprintf("%s (alert %d of %d)", why, i+1, len(batch)))
			continue
		}
		if s.Action == signal.Resolve && a.EndsAt.Before(now.Add(-intake.StaleEnd)) {
			notes.stale = append(notes.stale, fmt.Sprintf("%s was taken as resolved, since it ended at %s; if it is firing, the sender's clock is behind",
				signal.Truncate(s.Summary, 80), a.EndsAt.Format(time.RFC3339)))
		}
		signals = append(signals, s)
	}
	return signals, notes
}

// signal converts one alert; why says what is wrong with it, in
// Alertmanager's words.
func (a *alert) signal(now time.Time) (s signal.Signal, why string) {
	labels := *a.Labels
	for name, v := range labels {
		if v == "" {
			delete(labels, name)
		}
	}
	start, end := a.StartsAt.Time, a.EndsAt.Time
	if _, unnamed := a.Annotations[""]; unnamed {
		why = `invalid annotations: invalid name ""`
	}
	if _, unnamed := labels[""]; unnamed {
		why = `invalid label set: invalid name ""`
	}
	if len(labels) == 0 {
		why = "at least one label pair required"
	}
	if !end.IsZero() && end.Before(start) {
		why = "start time must be before end time"
	}
	if why != "" {
		return signal.Signal{}, why
	}
	s = signal.Signal{Action: signal.Trigger, DedupKey: intake.Fingerprint(labels), Labels: labels, Annotations: a.Annotations}
	intake.Describe(&s)
	intake.AddLink(&s, a.GeneratorURL, "Source")
	intake.SetTimes(&s, start, end, now)
	if !end.IsZero() && !end.After(now) {
		s.Action = signal.Resolve
	}
	return s, ""
}
