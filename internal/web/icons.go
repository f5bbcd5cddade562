package web

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
)

// icons are ours, drawn on 16 by 16 in one stroke. The first five are the
// shapes of a state: they must stay telling apart without any colour.
var icons = map[string]string{
	"firing":   `<circle cx="8" cy="8" r="6.5" fill="currentColor"/>`,
	"acked":    `<circle cx="8" cy="8" r="6.25"/><path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor"/>`,
	"resolved": `<circle cx="8" cy="8" r="6"/>`,
	"muted":    `<circle cx="8" cy="8" r="6.25"/><path d="m3.6 12.4 8.8-8.8"/>`,
	"unknown":  `<circle cx="8" cy="8" r="6.25" stroke-dasharray="2.6 2.3"/>`,

	"bell":        `<path d="M3 12h10c-1.2-1.2-1.5-2.6-1.5-5a3.5 3.5 0 0 0-7 0c0 2.4-.3 3.8-1.5 5z"/><path d="M6.7 14.2a1.5 1.5 0 0 0 2.6 0M8 1.5v2"/>`,
	"now":         `<path d="M1.5 8.5h3l2-5 3 9 2-4h3"/>`,
	"mine":        `<path d="M2 9.5 4 3h8l2 6.5V13H2z"/><path d="M2 9.5h3.5a2.5 2.5 0 0 0 5 0H14"/>`,
	"incident":    `<path d="M8 2 14.5 13.5h-13z"/><path d="M8 6.5v3.2M8 11.6v.2"/>`,
	"oncall":      `<path d="M2.5 9V8a5.5 5.5 0 0 1 11 0v1"/><path d="M2.5 9H5v4H3.5a1 1 0 0 1-1-1zM13.5 9H11v4h1.5a1 1 0 0 0 1-1z"/>`,
	"service":     `<path d="M8 1.8 13.8 5v6L8 14.2 2.2 11V5zM2.2 5 8 8.2 13.8 5M8 8.2v6"/>`,
	"silence":     `<path d="M2 2l12 12M5 5.2A3.5 3.5 0 0 0 4.5 7c0 2.4-.3 3.8-1.5 5h8.7M7 3.6A3.5 3.5 0 0 1 11.5 7c0 .8 0 1.5.2 2.1M6.7 14.2a1.5 1.5 0 0 0 2.6 0"/>`,
	"check":       `<path d="m2.5 8.5 3.5 3.5 7.5-8"/>`,
	"eye":         `<path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z"/><circle cx="8" cy="8" r="2"/>`,
	"integration": `<path d="M5.5 1.5v4M10.5 1.5v4M3.5 5.5h9V8a4.5 4.5 0 0 1-9 0zM8 12.5v2"/>`,
	"people":      `<circle cx="6" cy="5" r="2.7"/><path d="M1.2 13.5c.3-3 2.2-4.5 4.8-4.5s4.5 1.5 4.8 4.5M10.8 2.5a2.7 2.7 0 0 1 0 5M12.3 9.5c1.5.6 2.3 2 2.5 4"/>`,
	"plan":        `<path d="M3 1.5h7l3 3v10H3zM10 1.5v3h3M5.5 8h5M5.5 11h5"/>`,
	"settings":    `<path d="M1.5 4.5h7M12.5 4.5h2M1.5 11.5h2M7.5 11.5h7"/><circle cx="10.5" cy="4.5" r="2"/><circle cx="5.5" cy="11.5" r="2"/>`,
	"more":        `<path d="M3 8h.01M8 8h.01M13 8h.01" stroke-width="2.5"/>`,
	"search":      `<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 4 4"/>`,
	"cross":       `<path d="m3.5 3.5 9 9M12.5 3.5l-9 9"/>`,
	"up":          `<path d="M8 13.5v-11M3.5 7 8 2.5 12.5 7"/>`,
	"right":       `<path d="M2.5 8h11M9 3.5 13.5 8 9 12.5"/>`,
	"send":        `<path d="M14.5 1.5 1.5 6.5l5 3 3 5zM14.5 1.5l-8 8"/>`,
	"clock":       `<circle cx="8" cy="8" r="6.25"/><path d="M8 4.5V8l2.5 2"/>`,
	"note":        `<path d="M2 2.5h12v8.5H7l-3 3v-3H2z"/>`,
	"plus":        `<path d="M8 2.5v11M2.5 8h11"/>`,
	"split":       `<path d="M2 8h4l4-4.5h4M6 8l4 4.5h4"/>`,
	"calendar":    `<path d="M2 3.5h12v11H2zM2 6.5h12M5 1.5v3M11 1.5v3"/>`,
	"warn":        `<path d="M8 2 14.5 13.5h-13z"/><path d="M8 6.5v3.2M8 11.6v.2"/>`,
	"change":      `<path d="m9.5 2.5 4 4-8 8h-4v-4z"/>`,
	"tool":        `<path d="M14 4.5 11.5 7 9 4.5 11.5 2a4 4 0 0 0-5 5L2 11.5 4.5 14 9 9.5a4 4 0 0 0 5-5z"/>`,
	"group":       `<rect x="2" y="2" width="5" height="5"/><rect x="9" y="2" width="5" height="5"/><rect x="2" y="9" width="5" height="5"/><rect x="9" y="9" width="5" height="5"/>`,
}

// icon draws one; a name that is not drawn is a defect of a template.
func icon(name string) (template.HTML, error) { return iconOf(name, "") }

// iconTone draws one in the colour of a state.
func iconTone(name, tone string) (template.HTML, error) { return iconOf(name, tone) }

func iconOf(name, tone string) (template.HTML, error) {
	if name == "" {
		return "", nil // a state that is not known has no shape
	}
	inner, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon is called %q", name)
	}
	class := ""
	switch tone {
	case "red", "amber", "green", "grey":
		class = ` class="` + tone + `"`
	}
	return template.HTML(`<svg` + class + ` width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">` + inner + `</svg>`), nil //nolint:gosec // a constant
}

func iconNames() []string { return slices.Sorted(maps.Keys(icons)) }
