package notify_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tocsin/internal/core/notification"
	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
)

func TestOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", " a \r\n b\tc ": "a b c", "a\x00\x1b[31mb": "a[31mb", "\u202eexe\u202c": "exe",
		"a\xffb": "a\uFFFDb", "שלום": "שלום", "a\u2028b": "a b", "": "", "ten characters": "ten chara…",
	} {
		if got := notify.OneLine(in, 10); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestCuts(t *testing.T) {
	t.Parallel()
	if got := notify.CutBytes("🔥🔥🔥🔥", 12); got != "🔥🔥…" {
		t.Errorf("got %q", got)
	}
	if got := notify.CutBytes("abc", 3); got != "abc" {
		t.Errorf("got %q", got)
	}
	if got := notify.Lines("a\r\nb\x07\n\n", 100); got != "a\nb" {
		t.Errorf("got %q", got)
	}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	m := func(change func(*notification.Message)) notification.Message {
		x := notification.Message{ID: "ntf1", Kind: notification.KindPage, Title: "shop is down", Severity: "SEV1"}
		change(&x)
		return x
	}
	for want, msg := range map[string]notification.Message{
		"[SEV1] shop is down":           m(func(*notification.Message) {}),
		"DRILL: [SEV1] shop is down":    m(func(x *notification.Message) { x.Drill = true }),
		"DRILL: [SEV1] already":         m(func(x *notification.Message) { x.Drill, x.Title = true, "drill: already" }),
		"Resolved: [SEV1] shop is down": m(func(x *notification.Message) { x.Kind = notification.KindResolved }),
		"resolved: shop is down": m(func(x *notification.Message) {
			x.Kind, x.Title, x.Severity = notification.KindResolved, "resolved: shop is down", ""
		}),
		"DRILL: Test: hello": m(func(x *notification.Message) {
			x.Kind, x.Title, x.Drill, x.Severity = notification.KindTest, "hello", true, ""
		}),
		"[SEV1] given":                        m(func(x *notification.Message) { x.Title = "[SEV1] given" }),
		"[SEV1] Notification ntf1":            m(func(x *notification.Message) { x.Title = "\x00\n" }),
		"Acknowledged: [SEV1] shop is down":   m(func(x *notification.Message) { x.Kind = notification.KindAcked }),
		"DRILL: [SEV1] " + rep("a", 45) + "…": m(func(x *notification.Message) { x.Title, x.Drill = rep("a", 90), true }),
	} {
		if got := notify.Headline(msg, 60); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func rep(s string, n int) string { return strings.Repeat(s, n) }

func TestFoldedAreCountedBeyondTwenty(t *testing.T) {
	t.Parallel()
	var m notification.Message
	for range 25 {
		m.Folded = append(m.Folded, "x")
	}
	got := notify.FoldedLines(m, 50)
	if len(got) != 21 || got[20] != "• and 5 more" {
		t.Errorf("%d lines, the last %q", len(got), got[len(got)-1])
	}
}

func FuzzText(f *testing.F) {
	for _, s := range notifytest.Hostile() {
		f.Add(s, 40)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 1 || limit > 10000 {
			return
		}
		one, many := notify.OneLine(s, limit), notify.Lines(s, limit)
		for _, got := range []string{one, many} {
			if utf8.RuneCountInString(got) > limit || !utf8.ValidString(got) {
				t.Errorf("%q (%d): got %q", s, limit, got)
			}
			if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
				t.Errorf("%q: control character left in %q", s, got)
			}
		}
		if strings.ContainsAny(one, "\n\t") {
			t.Errorf("%q: several lines in %q", s, one)
		}
		if b := notify.CutBytes(one, limit+3); len(b) > limit+3 || !utf8.ValidString(b) {
			t.Errorf("%q: cut to %d bytes: %q", s, limit+3, b)
		}
	})
}
