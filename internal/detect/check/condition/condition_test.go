package condition

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func sample() *Seen {
	left, loss := 10*24*time.Hour, 33.5
	return &Seen{
		Connected: true, Status: 503, ResponseTime: 620 * time.Millisecond, CertLeft: &left, Rcode: "NXDOMAIN", IP: "192.0.2.7", Loss: &loss,
		Body: `{"status":"DOWN","n":3,"big":12345678901234567890,"list":[{"a b":"x"},2],"none":null,"deep":{"ok":true}}`,
		Header: func(name string) (string, bool) {
			if name == "Content-Type" {
				return "application/json", true
			}
			return "", false
		},
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		line   string
		held   bool
		actual string
	}{
		{"[STATUS] == 503", true, "503"},
		{"[STATUS] == 200", false, "503"},
		{"[STATUS] != 200", true, "503"},
		{"[STATUS] == any(200, 503)", true, "503"},
		{"[STATUS] != any(200, 503)", false, "503"},
		{"[STATUS]<500", false, "503"},
		{"[STATUS] >= 503", true, "503"},
		{"[RESPONSE_TIME] < 500ms", false, "620ms"},
		{"[RESPONSE_TIME] < 500", false, "620ms"},
		{"[RESPONSE_TIME] <= 1s", true, "620ms"},
		{"[CERT_EXPIRES] > 14d", false, "10 days left"},
		{"[CERTIFICATE_EXPIRATION] > 1w", true, "10 days left"},
		{"[PACKET_LOSS] < 50%", true, "33.5%"},
		{"[PACKET_LOSS] < 10", false, "33.5%"},
		{"[CONNECTED] == true", true, "true"},
		{"[CONNECTED] == false", false, "true"},
		{"[DNS_RCODE] == NOERROR", false, "NXDOMAIN"},
		{"[IP] == any(192.0.2.6, 192.0.2.7)", true, "192.0.2.7"},
		{"[IP] matches ^192\\.0\\.2\\.", true, "192.0.2.7"},
		{"[BODY] contains DOWN", true, ""},
		{`[BODY] contains "\"n\":3"`, true, ""},
		{"[BODY].status == UP", false, "DOWN"},
		{"[BODY].status matches ^(UP|DOWN)$", true, "DOWN"},
		{"[BODY].n > 2", true, "3"},
		{"[BODY].n == 3.0", true, "3"},
		{"[BODY].n < 3", false, "3"},
		{"[BODY].big == 12345678901234567890", true, "12345678901234567890"},
		{"[BODY].status < 3", false, "DOWN is not a number"},
		{`[BODY].list[0]."a b" == x`, true, "x"},
		{"[BODY].list[1] == 2", true, "2"},
		{"[BODY].list[9] == 2", false, "the body has no such part"},
		{"[BODY].none == null", true, "null"},
		{"[BODY].deep.ok == true", true, "true"},
		{"len([BODY].list) == 2", true, "2"},
		{"len([BODY].status) == 4", true, "4"},
		{"has([BODY].status) == true", true, "true"},
		{"has([BODY].missing) == true", false, "false"},
		{"[HEADER].Content-Type contains json", true, "application/json"},
		{"[HEADER].Server == nginx", false, "no header Server"},
		{"has([HEADER].Server) == false", true, "false"},
	} {
		c, err := Parse(tc.line)
		if err != nil {
			t.Errorf("Parse(%q): %v", tc.line, err)
			continue
		}
		held, actual := c.Eval(sample())
		if held != tc.held || (tc.actual != "" && actual != tc.actual) {
			t.Errorf("%s: got %v, %q; want %v, %q", tc.line, held, actual, tc.held, tc.actual)
		}
	}
}

// What was not seen fails every condition about it, whichever way it is asked.
func TestEvalOfTheUnseen(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"[STATUS] != 200":     "no status was received",
		"[CERT_EXPIRES] < 1d": "no certificate was seen",
		"[DNS_RCODE] != X":    "no DNS answer was received",
		"[IP] != 1.2.3.4":     "no address was reached",
		"[PACKET_LOSS] < 100": "no packet was sent",
		"[BODY].a != b":       "the body is not JSON",
		"[HEADER].A != b":     "no header A",
	} {
		c, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if held, actual := c.Eval(&Seen{}); held || actual != want {
			t.Errorf("%s: got %v, %q; want false, %q", line, held, actual, want)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	c, err := Parse("  [STATUS] == 200 ")
	if err != nil {
		t.Fatal(err)
	}
	_, actual := c.Eval(sample())
	if got, want := c.Explain(actual), "[STATUS] == 200 is false: 503"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExpiredCertificateSaysSo(t *testing.T) {
	t.Parallel()
	gone := -72 * time.Hour
	c, _ := Parse("[CERT_EXPIRES] > 14d")
	if held, actual := c.Eval(&Seen{CertLeft: &gone}); held || actual != "expired 3 days ago" {
		t.Errorf("got %v, %q", held, actual)
	}
}

func TestParseNamesThePosition(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		line   string
		offset int
		why    string
	}{
		{"", 0, "begins with a placeholder"},
		{"STATUS == 200", 0, "begins with a placeholder"},
		{"[STATUS == 200", 0, "not closed"},
		{"[STATE] == 200", 1, "no placeholder"},
		{"[STATUS] = 200", 9, "expected one of"},
		{"[STATUS] ==", 11, "value is missing"},
		{"[STATUS] == ok", 12, "is a number"},
		{"[STATUS] contains 2", 9, "cannot be asked"},
		{"[CONNECTED] == maybe", 15, "true or false"},
		{"[CONNECTED] < true", 12, "no order"},
		{"[IP] > 1", 5, "no order"},
		{"[RESPONSE_TIME] < fast", 18, "duration"},
		{"[CERT_EXPIRES] > 14", 17, "duration"},
		{"[STATUS].x == 1", 8, "have parts"},
		{"[BODY]. == 1", 7, "key is missing"},
		{"[BODY][x] == 1", 7, "index"},
		{"[BODY] matches (", 15, "regular expression"},
		{"[BODY] containsx", 15, "expected one of"},
		{"[STATUS] == any(1, 2", 20, "not closed"},
		{"[STATUS] == any(1,)", 18, "value is missing"},
		{"[STATUS] == any(1) 2", 19, "nothing may follow"},
		{"[STATUS] < any(1)", 11, "any(...)"},
		{`[BODY] == "x`, 10, "quote is not closed"},
		{`[BODY] == "x" y`, 14, "nothing may follow"},
		{"len([STATUS]) == 3", 0, "looks into [BODY]"},
		{"len([BODY] == 3", 11, "not closed"},
		{"[HEADER] == x", 8, "which header"},
		{"[STATUS] == 200\n", 15, "one line"},
	} {
		_, err := Parse(tc.line)
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("Parse(%q) = %v, want a SyntaxError", tc.line, err)
			continue
		}
		if se.Offset != tc.offset || !strings.Contains(se.Why, tc.why) {
			t.Errorf("Parse(%q): offset %d, %q; want offset %d, %q", tc.line, se.Offset, se.Why, tc.offset, tc.why)
		}
	}
}

func TestActualValueIsOneShortLine(t *testing.T) {
	t.Parallel()
	c, _ := Parse("[BODY] == ok")
	_, actual := c.Eval(&Seen{Body: strings.Repeat("wide é \n", 5000)})
	if n := len([]rune(actual)); n != maxShown || strings.Contains(actual, "\n") || !strings.HasSuffix(actual, "…") {
		t.Errorf("%d runes: %q", n, actual)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"[STATUS] == 200", "[BODY].a[0].\"b c\" != any(1, \"x\")", "len([BODY]) >= 3", "[IP] matches ^1", "[RESPONSE_TIME] < 1h30m",
		"[CERT_EXPIRES] > 14d", "[HEADER].X contains y", "any(", "[", "[BODY][", "has([BODY]", "[BODY] == \"\\u",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := Parse(line)
		if err != nil {
			var se *SyntaxError
			if !errors.As(err, &se) || se.Offset < 0 || se.Offset > len(line) || se.Why == "" {
				t.Fatalf("Parse(%q) = %#v", line, err)
			}
			return
		}
		again, err := Parse(c.String())
		if err != nil || again.op != c.op || again.left.name != c.left.name || len(again.right) != len(c.right) {
			t.Fatalf("Parse(%q) does not survive its own text %q: %v", line, c.String(), err)
		}
		if held, actual := c.Eval(sample()); !held && actual == "" {
			t.Fatalf("%q failed and says nothing", line)
		}
	})
}
