package api

import (
	"reflect"
	"regexp"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
)

var problemType = reflect.TypeFor[Problem]()

// coreNames are types of the core whose own name says too little outside of
// their package.
var coreNames = map[string]string{
	"alert.State": "Alert", "fact.Reason": "Reason", "fact.Actor": "Actor", "signal.Link": "Link", "oncall.Shift": "Shift", "oncall.Gap": "Gap",
	"oncall.Duty": "Duty", "plan.NotifyRule": "NotifyRule", "explain.Answer": "Explanation", "explain.Step": "ExplanationStep", "explain.Verdict": "Verdict",
}

var inner = regexp.MustCompile(`^(\w+)\[(.+)\]$`)

// schemaName names a type in the OpenAPI document. A generic one is named
// after what it holds: List[...Alert] is ListAlert.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == "" {
		return huma.DefaultSchemaNamer(t, hint)
	}
	if m := inner.FindStringSubmatch(t.Name()); m != nil {
		return m[1] + ownName(m[2])
	}
	return ownName(t.PkgPath() + "." + t.Name())
}

// ownName shortens "tocsin/internal/core/alert.State" to Alert.
func ownName(full string) string {
	full = strings.TrimLeft(full, "*[]")
	short := full[strings.LastIndexByte(full, '/')+1:]
	if name, ok := coreNames[short]; ok {
		return name
	}
	pkg, name, ok := strings.Cut(short, ".")
	switch {
	case !ok:
		name = pkg
	case pkg != "api":
		name = string(unicode.ToUpper(rune(pkg[0]))) + pkg[1:] + name
	}
	return string(unicode.ToUpper(rune(name[0]))) + name[1:]
}
