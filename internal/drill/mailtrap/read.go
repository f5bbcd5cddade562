package mailtrap

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Mail is one message as a person would see it.
type Mail struct {
	N       int // counts from 1
	At      time.Time
	From    string
	To      []string
	Subject string
	Text    string
	Links   []Link
}

// Link is an address in the text and the line above it.
type Link struct{ Label, URL string }

// maxParts and maxDepth bound how far a message is taken apart.
const (
	maxParts = 20
	maxDepth = 4
	maxText  = 64 << 10
)

// Read takes a message apart: its subject, its plain text, its links. A
// message without plain text has none.
func Read(raw []byte) (Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("read the header: %w", err)
	}
	subject := msg.Header.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(subject); err == nil {
		subject = decoded
	}
	p := part{kind: msg.Header.Get("Content-Type"), coding: msg.Header.Get("Content-Transfer-Encoding"), body: msg.Body}
	text, err := p.plain(0)
	if err != nil {
		return Mail{}, err
	}
	text = clean(text)
	return Mail{Subject: clean(subject), Text: text, Links: links(text)}, nil
}

type part struct {
	kind, coding string
	body         io.Reader
}

// plain finds the first part that is plain text.
func (p part) plain(depth int) (string, error) {
	kind, params, err := mime.ParseMediaType(p.kind)
	if err != nil {
		kind = "text/plain" // RFC 2045: what says nothing is plain text
	}
	switch {
	case kind == "text/plain":
		b, err := io.ReadAll(io.LimitReader(decoded(p.coding, p.body), maxText))
		if err != nil {
			return "", fmt.Errorf("read the text: %w", err)
		}
		return string(b), nil
	case strings.HasPrefix(kind, "multipart/") && depth < maxDepth:
		r := multipart.NewReader(p.body, params["boundary"])
		for range maxParts {
			// Raw: the coding is undone in one place, here.
			inner, err := r.NextRawPart()
			if err == io.EOF {
				return "", nil
			}
			if err != nil {
				return "", fmt.Errorf("read a part: %w", err)
			}
			text, err := part{kind: inner.Header.Get("Content-Type"), coding: inner.Header.Get("Content-Transfer-Encoding"), body: inner}.plain(depth + 1)
			if err != nil || text != "" {
				return text, err
			}
		}
	}
	return "", nil
}

func decoded(coding string, r io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	}
	return r
}

func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.TrimSpace(s)
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

// links finds addresses; the line above one, if it ends in a colon, names it.
func links(text string) []Link {
	var out []Link
	above := ""
	for _, line := range strings.Split(text, "\n") {
		for _, url := range address.FindAllString(line, -1) {
			l := Link{Label: url, URL: url}
			if name, ok := strings.CutSuffix(above, ":"); ok && name != "" {
				l.Label = name
			}
			out = append(out, l)
		}
		above = strings.TrimSpace(line)
	}
	return out
}
