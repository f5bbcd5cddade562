package web

import "strings"

// Frame is everything around a page.
type Frame struct {
	Title   string
	Path    string
	Section string
	Me      Person
	Role    Role
	Flash   *flash
	Now     Stamp
	Theme   string
	Banner  string
	// BannerLink is where the banner leads, if anywhere.
	BannerLink string
	Version    string
	// Pos is how far in the journal this page had read: events go on from there.
	Pos     int64
	Nav     []NavGroup
	Tabs    []NavItem
	CSS, JS string
	Icon    string
}

// Can says whether the viewer may do what needs a role.
func (f Frame) Can(need string) bool { return f.Role.May(Role(need)) }

// NavGroup is a part of the rail.
type NavGroup struct{ Items []NavItem }

// NavItem is one way to go.
type NavItem struct {
	Section, Href, Icon, Word, Key string
	Here                           bool
}

// rail is the navigation, most wanted first. Key is the letter after "g".
var rail = [][]NavItem{
	{{Section: "now", Href: "/", Icon: "now", Word: "Now", Key: "n"}, {Section: "mine", Href: "/me", Icon: "mine", Word: "Mine", Key: "m"},
		{Section: "incidents", Href: "/incidents", Icon: "incident", Word: "Incidents", Key: "i"}, {Section: "alerts", Href: "/alerts", Icon: "bell", Word: "Alerts", Key: "a"}},
	{{Section: "oncall", Href: "/oncall", Icon: "oncall", Word: "On-call", Key: "o"}, {Section: "services", Href: "/services", Icon: "service", Word: "Services", Key: "s"},
		{Section: "silences", Href: "/silences", Icon: "silence", Word: "Silences", Key: "l"}, {Section: "checks", Href: "/checks", Icon: "eye", Word: "Checks", Key: "c"}},
	{{Section: "integrations", Href: "/integrations", Icon: "integration", Word: "Integrations", Key: "t"}, {Section: "people", Href: "/people", Icon: "people", Word: "People", Key: "p"},
		{Section: "plan", Href: "/plan", Icon: "plan", Word: "Plan", Key: "y"}, {Section: "settings", Href: "/settings", Icon: "settings", Word: "Settings", Key: "e"}},
}

var phoneTabs = []string{"now", "mine", "oncall"}

func navigation(section string) (groups []NavGroup, tabs []NavItem) {
	more := NavItem{Section: "more", Href: "/more", Icon: "more", Word: "More", Here: true}
	for _, items := range rail {
		g := NavGroup{}
		for _, it := range items {
			it.Here = it.Section == section
			g.Items = append(g.Items, it)
			for _, tab := range phoneTabs {
				if tab == it.Section {
					tabs = append(tabs, it)
					more.Here = more.Here && !it.Here
				}
			}
		}
		groups = append(groups, g)
	}
	return groups, append(tabs, more)
}

// sectionOf finds where in the rail a path belongs.
func sectionOf(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "":
		return "now"
	case "pages":
		return "now"
	case "me":
		return "mine"
	case "schedules":
		return "oncall"
	case "maintenance":
		return "silences"
	case "heartbeats":
		return "checks"
	}
	return first
}

func (c *call) frame(title string) Frame {
	section := sectionOf(c.r.URL.Path)
	f := Frame{Title: title, Path: c.r.URL.RequestURI(), Section: section, Me: c.person(c.me), Role: c.role, Flash: c.takeFlash(), Now: c.stamp(c.now),
		Theme: themeOf(c.r), Banner: c.s.Banner, BannerLink: c.s.BannerLink, Version: c.s.Version,
		CSS: c.s.assets.url["app.css"], JS: c.s.assets.url["app.js"], Icon: c.s.assets.url["icon.svg"]}
	f.Pos = c.pos
	if c.path != "" {
		f.Path = c.path
	}
	f.Nav, f.Tabs = navigation(section)
	if c.session.Name != "" && !f.Me.Known {
		f.Me.Name, f.Me.Initials = c.session.Name, initials(c.session.Name)
	}
	return f
}
