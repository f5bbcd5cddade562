package web

import (
	"path"
	"strings"
	"testing"
)

// Every page must stand its own zero value: a nil in a view is a broken page at
// three in the morning.
func TestPagesStandTheirZeroValue(t *testing.T) {
	t.Parallel()
	pages := map[string]func() error{
		"now.html": zero(nowPage), "page.html": zero(pagePage), "pages.html": zero(pagesPage), "alerts.html": zero(alertsPage), "alert.html": zero(alertPage),
		"incidents.html": zero(incidentsPage), "incident.html": zero(incidentPage), "declare.html": zero(declarePage), "oncall.html": zero(oncallPage), "schedule.html": zero(schedulePage),
		"services.html": zero(servicesPage), "service.html": zero(servicePage), "checks.html": zero(checksPage), "check.html": zero(checkPage),
		"silences.html": zero(silencesPage), "silence.html": zero(silencePage), "silence_new.html": zero(silenceNewPage),
		"mine.html": zero(minePage), "people.html": zero(peoplePage), "person.html": zero(personPage), "person_new.html": zero(personNewPage), "contact_new.html": zero(contactNewPage),
		"integrations.html": zero(integrationsPage), "integration.html": zero(integrationPage), "integration_new.html": zero(integrationNewPage),
		"plan.html": zero(planPage), "plan_version.html": zero(planVersionPage), "plan_edit.html": zero(planEditPage), "edit.html": zero(editPage),
		"settings.html": zero(settingsPage), "more.html": zero(morePage), "help.html": zero(helpPage), "search.html": zero(searchPage),
		"door.html": zero(doorPage), "components.html": zero(componentsPage), "problem.html": zero(problemPage), "answer.html": zero(answerPage),
	}
	files, err := sources.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := path.Base(f.Name())
		if name == "layout.html" || name == "parts.html" {
			continue
		}
		run, ok := pages[name]
		if !ok {
			t.Errorf("%s is shown by no page of this test", name)
			continue
		}
		if err := run(); err != nil {
			t.Error(err)
		}
	}
}

func zero[T any](p pageOf[T]) func() error {
	return func() error {
		var v T
		_, err := p.render(Frame{}, v)
		return err
	}
}

// The policy forbids inline styles and scripts, so a template that has one
// would silently lose it in every browser.
func TestTemplatesHaveNothingInline(t *testing.T) {
	t.Parallel()
	files, _ := sources.ReadDir("templates")
	for _, f := range files {
		data, err := sources.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{" style=", "<style", " onclick=", " onload=", "javascript:", "<script>", "hx-on"} {
			if strings.Contains(string(data), bad) {
				t.Errorf("%s holds %q", f.Name(), bad)
			}
		}
	}
}

func TestRoughlyAndStamps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seconds int
		want    string
	}{{0, "0 s"}, {89, "89 s"}, {90, "1 min"}, {5399, "89 min"}, {5400, "1 h"}, {129599, "35 h"}, {129600, "1 day"}, {172800, "2 days"}} {
		if got := roughly(secs(c.seconds)); got != c.want {
			t.Errorf("roughly(%d s) = %q, want %q", c.seconds, got, c.want)
		}
	}
}

func TestOwnPathKeepsRedirectsHere(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{"/alerts?q=a": "/alerts?q=a", "": "/", "//evil.example": "/", "https://evil.example": "/", "/\\evil.example": "/", "/a\nSet-Cookie: x": "/"} {
		if got := ownPath(to); got != want {
			t.Errorf("ownPath(%q) = %q, want %q", to, got, want)
		}
	}
}

func TestLineDiffShowsWhatChangedAndItsCompany(t *testing.T) {
	t.Parallel()
	var got []string
	for _, l := range lineDiff("a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nX\ne\nf\ng\nh") {
		got = append(got, l.Class+":"+l.Text)
	}
	want := ":b :c del:d add:X :e :f :g add:h"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if same := lineDiff("a\nb", "a\nb"); len(same) != 0 {
		t.Errorf("equal texts differ: %v", same)
	}
}

// FuzzAlertFilter: whatever people type, a filter or a reason comes back, and
// the chips of the answer lead to queries that read the same way.
func FuzzAlertFilter(f *testing.F) {
	for _, s := range []string{`status:firing service:checkout cluster=~"fra-.*" time out`, `"`, `a=`, `=~`, `status:x`, "\x00", `{}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		got, err := alertFilter(q)
		if err != nil {
			return
		}
		again, err := alertFilter(strings.Join(split(q), " "))
		if err != nil || again.Text != got.Text || len(again.Matchers) != len(got.Matchers) {
			t.Errorf("%q reads differently after splitting: %v %v, %v", q, got, again, err)
		}
	})
}
