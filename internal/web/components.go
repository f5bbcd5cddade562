package web

import "time"

var componentsPage = sheet[componentsView]("components.html")

// componentsView is every part of the pages beside itself: usual, extreme and
// hostile. It is looked at, not used.
type componentsView struct {
	Marks     []Mark
	Sevs      []SevChoice
	People    []Person
	Stamps    []Stamp
	Chain     []Step
	Receipts  []Receipt
	Form      Form
	Incidents []IncidentRow
	Cells     []ServiceCell
	Loud      PageRow
	Labels    []Pair
	None      Empty
	Icons     []string
	Problems  []Problem
	Diff      []DiffLine
}

var awkward = []string{"Checkout answers 504 to 38 % of orders", `<script>alert("paged")</script>`, "خدمة الدفع متوقفة منذ الساعة الثالثة", "支払いサービスが応答しません",
	"🔥 everything 👩‍👩‍👧‍👦 is on 🔥", "The-service-whose-name-nobody-dared-to-shorten-because-three-departments-would-have-had-to-agree-on-it-first", ""}

func (c *call) componentsShow() error {
	v := componentsView{Marks: []Mark{markFiring, markAcked, markResolved, markMuted, markUnknown}, Sevs: allSevs(), None: noSchedules, Icons: iconNames(),
		Problems: []Problem{{Where: "plan.yaml:12", Text: "no user \"zoe\""}, {Where: "services.shop", Text: "nobody is paged", Warning: true}}, Diff: lineDiff("a: 1\nb: 2", "a: 1\nb: 3")}
	for _, outcome := range []string{"", "accepted", "delivered", "failing", "failed", "withdrawn", "held", "folded"} {
		v.Receipts = append(v.Receipts, Receipt{Mark: markDelivery(outcome), Text: "250 2.0.0 Ok: queued as 4F2"})
	}
	for _, d := range []time.Duration{0, -40 * time.Second, -11 * time.Minute, -30 * time.Hour, -400 * 24 * time.Hour, 5 * time.Minute, 50 * time.Hour} {
		v.Stamps = append(v.Stamps, c.stamp(c.now.Add(d)))
	}
	for i, text := range awkward {
		v.People = append(v.People, Person{ID: text, Name: text, Initials: initials(text), Known: i == 0})
		v.Chain = append(v.Chain, Step{Icon: "bell", Tone: "red", Text: text, At: c.stamp(c.now), Why: text, Rule: "policy x, step 2", RuleHref: "/plan", Ahead: i > 3, Receipts: v.Receipts[:i%3]})
		v.Incidents = append(v.Incidents, IncidentRow{ID: "INC-7", Title: text, Sev: Sev{i%5 + 1}, Mark: v.Marks[i%5], Declared: c.stamp(c.now), By: text, Drill: i == 1})
		v.Cells = append(v.Cells, ServiceCell{ID: "x", Name: text, Mark: v.Marks[i%5], Reason: text})
		v.Labels = append(v.Labels, Pair{"label", text})
	}
	v.Loud = PageRow{ID: "x", Title: awkward[5], Mark: markFiring, Opened: c.stamp(c.now), Drill: true, Ladder: []Rung{{Label: "Told", Text: awkward[5]}, {Label: "Waiting for", Text: awkward[2]}, {Label: "Next", Text: awkward[0], Next: true}}}
	v.Form = Form{Errors: []Wrong{{"title", "What is wrong: say it in a few words"}}, Fields: []Input{
		{Name: "title", Label: "What is wrong", Kind: "text", Value: awkward[1], Wrong: "Say it in a few words", Required: true},
		{Name: "kind", Label: "A choice", Kind: "select", Options: []Option{{"a", awkward[5]}}, Help: "Help stands below"},
		{Name: "area", Label: "Long text", Kind: "area", Value: awkward[4]}}}
	return show(c, componentsPage, "Components", v)
}
