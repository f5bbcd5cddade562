package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

func tcpType() Type {
	return Type{
		Name: "tcp", Title: "TCP port",
		Fields: []Field{
			{Name: "address", Label: "Address", Help: "db.example.com:5432", Required: true},
			{Name: "send", Label: "Send after connecting", Help: `\r and \n are understood`},
			{Name: "expect", Label: "Expect in the answer", Help: "text that must appear in what the other side says"},
			familyField,
		},
		Defaults: []string{"[CONNECTED] == true"},
		read: func(s *settings) look {
			return &tcpLook{
				address: s.address("address", ""), family: s.family(),
				send: lineEnds.Replace(s.text("send")), expect: lineEnds.Replace(s.text("expect")),
			}
		},
	}
}

var lineEnds = strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\t`, "\t", `\\`, `\`)

// maxBanner is how much of what a port says is read.
const maxBanner = 16 << 10

type tcpLook struct {
	address, family, send, expect string
}

func (l *tcpLook) look(ctx context.Context, p *Prober, o *observation) error {
	conn, err := p.dialer().DialContext(ctx, network("tcp", l.family), l.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Closing is the only thing that ends a read when ctx is called off.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	o.locked(func() { o.addr, o.sawConnect = conn.RemoteAddr().String(), true })
	if l.send == "" && l.expect == "" {
		return nil
	}
	asked := time.Now()
	if l.send != "" {
		if _, err := io.WriteString(conn, l.send); err != nil {
			return ended(ctx, err)
		}
	}
	if l.expect == "" {
		return nil
	}
	o.enter(waiting)
	return l.listen(ctx, conn, o, asked)
}

// listen reads until the expected text, the end, or the limit.
func (l *tcpLook) listen(ctx context.Context, conn net.Conn, o *observation, asked time.Time) error {
	var got bytes.Buffer
	chunk := make([]byte, 2048)
	for got.Len() < maxBanner {
		n, err := conn.Read(chunk)
		if n > 0 {
			if got.Len() == 0 {
				o.locked(func() { o.phases.FirstByte, o.stage = time.Since(asked), reading })
			}
			got.Write(chunk[:n])
			if bytes.Contains(got.Bytes(), []byte(l.expect)) {
				o.seen.Body = got.String()
				return nil
			}
		}
		if err != nil {
			o.seen.Body = got.String()
			if got.Len() > 0 {
				break
			}
			return ended(ctx, err)
		}
	}
	o.seen.Body = got.String()
	o.unmet = fmt.Sprintf("expected %q in the answer, got %s", l.expect, quoteShort(o.seen.Body))
	return nil
}

// ended gives back the reason for which ctx closed a connection.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func quoteShort(s string) string {
	if len(s) > 80 {
		return fmt.Sprintf("%q…", s[:80])
	}
	return fmt.Sprintf("%q", s)
}
