package stage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tocsin/internal/core/notification"
)

// answer presses a button on a telephone: it follows the signed link that came
// with the message, over HTTP, as the person would.
func (s *Stage) answer(w http.ResponseWriter, r *http.Request) {
	user, id, do := r.PostForm.Get("user"), r.PostForm.Get("message"), r.PostForm.Get("do")
	row, err := s.message(r.Context(), user, id)
	switch {
	case err != nil:
		s.opt.Log.Error("a sample telephone cannot find its message", "user", user, "error", err)
		s.remark(user, note{Bad: true, Text: "The message could not be read."})
	case row == nil:
		http.Error(w, "there is no such message on this telephone", http.StatusNotFound)
		return
	default:
		s.remark(user, s.press(r.Context(), *row, do))
	}
	http.Redirect(w, r, Path+"#phone-"+url.PathEscape(user), http.StatusSeeOther)
}

func (s *Stage) message(ctx context.Context, user, id string) (*notification.Row, error) {
	rows, err := s.opt.Ledger.Notifications(ctx, notification.RowFilter{User: user, Limit: 4 * maxMessages})
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].ID == id && rows[i].Message.Page != "" {
			return &rows[i], nil
		}
	}
	return nil, nil
}

// pressTimeout bounds one press; Tocsin is on the same machine.
const pressTimeout = 10 * time.Second

// press posts to the link and returns what the page behind it says.
func (s *Stage) press(ctx context.Context, row notification.Row, do string) note {
	ctx, cancel := context.WithTimeout(ctx, pressTimeout)
	defer cancel()
	text, err := follow(ctx, s.opt.Link(row.To, row.Message), do)
	if err != nil {
		s.opt.Log.Warn("a sample telephone's button did not work", "user", row.To.User, "error", err)
		return note{Bad: true, Text: err.Error()}
	}
	return note{Text: text}
}

func follow(ctx context.Context, link, do string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader(url.Values{"do": {do}}.Encode()))
	if err != nil {
		return "", fmt.Errorf("follow the link: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/plain")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("follow the link: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return "", fmt.Errorf("follow the link: %w", err)
	}
	text := strings.TrimSpace(string(body))
	if resp.StatusCode >= 400 {
		return "", fmt.Errorf("%s", text)
	}
	return text, nil
}
