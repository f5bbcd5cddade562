package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// linkLife is how long the links of a message work: longer than any incident
// should last, shorter than a mailbox does.
const linkLife = 7 * 24 * time.Hour

// Sender makes one attempt at one contact: it finds the channel, reads the
// secrets, signs the links and hands over.
type Sender struct {
	Registry Registry
	Signer   *Signer
	BaseURL  string
	Secrets  Secrets
}

// Send makes the attempt. Its error is classified (see AsFailure) and holds
// neither a secret nor a link. The receipt's detail is filled on success.
func (s *Sender) Send(ctx context.Context, contact plan.Contact, send notification.Send) (Receipt, error) {
	channel, ok := s.Registry[contact.Channel]
	if !ok {
		return Receipt{}, Permanent(fmt.Errorf("contact %s: no channel is called %q", send.Contact, contact.Channel))
	}
	settings, err := s.Secrets.ResolveAll(channel.Fields(), contact.Settings)
	if err != nil {
		return Receipt{}, keepClass(fmt.Errorf("contact %s: %w", send.Contact, err))
	}
	secrets := SecretsOf(channel.Fields(), settings)
	if err := channel.Check(settings); err != nil {
		return Receipt{}, Redact(Permanent(fmt.Errorf("contact %s: %w", send.Contact, err)), secrets)
	}
	links, token := s.links(send)
	if token != "" {
		secrets = append(secrets, token)
	}
	receipt, err := attempt(ctx, channel, Delivery{Settings: settings, Message: send.Message, Attempt: send.Attempt, Links: links})
	if err != nil {
		return Receipt{}, Redact(keepClass(fmt.Errorf("tell %s by %s: %w", send.Contact, contact.Channel, err)), secrets)
	}
	receipt.Detail = OneLine(RedactText(receipt.Detail, secrets), 500)
	receipt.ProviderID = OneLine(RedactText(receipt.ProviderID, secrets), 200)
	return receipt, nil
}

// attempt keeps a fault in one channel from ending the process: the pager must
// outlive any message it is given.
func attempt(ctx context.Context, channel Channel, d Delivery) (r Receipt, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Permanent(fmt.Errorf("the channel broke on this message: %v", p))
		}
	}()
	return channel.Send(ctx, d)
}

// keepClass carries the class of a wrapped failure to the outside of its
// wrapping, whose text is the one to show.
func keepClass(err error) error {
	var f *Failure
	if !errors.As(err, &f) {
		return &Failure{Err: err}
	}
	return &Failure{Permanent: f.Permanent, After: f.After, Err: err}
}

// links signs what the receiver may do, and also returns the token that is in
// them. Only a page can be answered; other news can be looked at.
func (s *Sender) links(send notification.Send) (Links, string) {
	m := send.Message
	if s.Signer == nil || s.BaseURL == "" || (m.Page == "" && m.Incident == "" && len(m.Pages) == 0) {
		return Links{}, ""
	}
	t := Token{
		Page: m.Page, Incident: m.Incident, User: send.Contact.User, Contact: send.Contact.Contact,
		Expires: m.At.Add(linkLife),
	}
	for _, p := range m.Pages {
		switch {
		case t.Page == "":
			t.Page = p
		case p != t.Page:
			t.Also = append(t.Also, p)
		}
	}
	token := s.Signer.Sign(t)
	all := LinksOf(s.BaseURL, token)
	if m.Kind == notification.KindPage && t.Page != "" {
		return all, token
	}
	return Links{View: all.View}, token
}
