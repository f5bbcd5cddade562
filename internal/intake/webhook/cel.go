package webhook

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"tocsin/internal/intake"
)

// Bounds on what an expression may be and cost. A body is at most
// intake.MaxBody, and the cost counts what is done with it.
const (
	maxExpression = 8 << 10
	maxCost       = 500_000
	maxText       = 1 << 20 // longest text that a function may make
	maxEvents     = 1000    // most events that each may yield
)

// fields are what a mapping may set, in the order in which errors are told.
var fields = []string{"each", "action", "dedup_key", "summary", "severity", "source", "service", "labels", "links", "details"}

// mapping is a compiled set of expressions by field.
type mapping map[string]cel.Program

// compile builds every expression, or says what is wrong with each.
func compile(source map[string]string) (mapping, []intake.FieldError) {
	var errs []intake.FieldError
	for _, name := range slices.Sorted(maps.Keys(source)) {
		if !slices.Contains(fields, name) {
			errs = append(errs, intake.FieldError{Field: name, Why: "a mapping has no such field; it has " + strings.Join(fields, ", ")})
		}
	}
	if len(source) == 0 {
		return mapping{}, nil
	}
	env, err := environment()
	if err != nil {
		return nil, []intake.FieldError{{Why: "the expression language could not be set up: " + err.Error()}}
	}
	m := mapping{}
	for _, name := range fields {
		text := strings.TrimSpace(source[name])
		if text == "" {
			continue
		}
		program, wrong := compileOne(env, name, text)
		errs = append(errs, wrong...)
		m[name] = program
	}
	return m, errs
}

func compileOne(env *cel.Env, name, text string) (cel.Program, []intake.FieldError) {
	if len(text) > maxExpression {
		return nil, []intake.FieldError{{Field: name, Why: fmt.Sprintf("the expression is longer than %d bytes", maxExpression)}}
	}
	ast, issues := env.Compile(text)
	var errs []intake.FieldError
	if issues != nil {
		for _, e := range issues.Errors() {
			errs = append(errs, intake.FieldError{Field: name, Why: fmt.Sprintf("line %d, column %d: %s", e.Location.Line(), e.Location.Column()+1, e.Message)})
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost), cel.CostTracking(textCost{}), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, []intake.FieldError{{Field: name, Why: err.Error()}}
	}
	return program, nil
}

// environment declares the variables and a few text functions. The functions
// have the names that CEL's own string library uses; they are ours because a
// replacement there may grow without bound.
func environment() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("body", cel.DynType),
		cel.Variable("event", cel.DynType),
		cel.Variable("headers", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("query", cel.MapType(cel.StringType, cel.StringType)),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		textFunction("lowerAscii", strings.ToLower),
		textFunction("upperAscii", strings.ToUpper),
		textFunction("trim", strings.TrimSpace),
		cel.Function("split", cel.MemberOverload("string_split_string", []*cel.Type{cel.StringType, cel.StringType}, cel.ListType(cel.StringType),
			cel.BinaryBinding(func(s, sep ref.Val) ref.Val {
				return types.DefaultTypeAdapter.NativeToValue(strings.SplitN(string(s.(types.String)), string(sep.(types.String)), maxEvents))
			}))),
		cel.Function("replace", cel.MemberOverload("string_replace_string_string", []*cel.Type{cel.StringType, cel.StringType, cel.StringType}, cel.StringType,
			cel.FunctionBinding(replace))),
	)
}

// textCost charges functions by the text that they read and make. CEL charges
// its own so only where the checker knows the types, and here they are all
// found at run time: otherwise a loop over a long text would look cheap.
type textCost struct{}

// CallCost is nil for everything else, which keeps CEL's own cost.
func (textCost) CallCost(function, _ string, args []ref.Val, result ref.Val) *uint64 {
	switch function {
	case "lowerAscii", "upperAscii", "trim", "split", "replace", "_+_", "contains", "startsWith", "endsWith", "matches":
	default:
		return nil
	}
	cost := uint64(1)
	for _, v := range args {
		cost += textSize(v) / 10
	}
	cost += textSize(result) / 10
	if function == "matches" && len(args) == 2 {
		cost *= 1 + textSize(args[1])/4
	}
	return &cost
}

func textSize(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v))
	case types.Bytes:
		return uint64(len(v))
	}
	return 0
}

func textFunction(name string, f func(string) string) cel.EnvOption {
	return cel.Function(name, cel.MemberOverload("string_"+name, []*cel.Type{cel.StringType}, cel.StringType,
		cel.UnaryBinding(func(v ref.Val) ref.Val { return types.String(f(string(v.(types.String)))) })))
}

func replace(args ...ref.Val) ref.Val {
	s, old, with := string(args[0].(types.String)), string(args[1].(types.String)), string(args[2].(types.String))
	if grown := len(s) + strings.Count(s, old)*(len(with)-len(old)); grown > maxText {
		return types.NewErr("replace would make a text of %d bytes, the limit is %d", grown, maxText)
	}
	return types.String(strings.ReplaceAll(s, old, with))
}

// eval runs one expression and returns a plain Go value.
func eval(p cel.Program, vars map[string]any) (any, error) {
	out, _, err := p.Eval(vars)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "operation cancelled: "))
	}
	return plain(out, 0)
}

// maxDepth bounds how deep a result may nest.
const maxDepth = 64

// plain turns a CEL value into what encoding/json would have made of it.
func plain(v ref.Val, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("the result nests deeper than %d levels", maxDepth)
	}
	if opt, ok := v.(*types.Optional); ok {
		if !opt.HasValue() {
			return nil, nil
		}
		return plain(opt.GetValue(), depth)
	}
	if list, ok := v.(traits.Lister); ok {
		out := []any{}
		for it := list.Iterator(); it.HasNext() == types.True; {
			item, err := plain(it.Next(), depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, item)
		}
		return out, nil
	}
	if m, ok := v.(traits.Mapper); ok {
		out := map[string]any{}
		for it := m.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			item, err := plain(m.Get(k), depth+1)
			if err != nil {
				return nil, err
			}
			out[fmt.Sprint(k.Value())] = item
		}
		return out, nil
	}
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.String, types.Bool, types.Int, types.Uint, types.Double:
		return v.Value(), nil
	case types.Timestamp, types.Duration:
		return fmt.Sprint(v.ConvertToType(types.StringType).Value()), nil
	}
	return nil, fmt.Errorf("a value of type %s cannot be used", v.Type().TypeName())
}

// cache keeps compiled mappings by their text: compiling costs more than the
// rest of a request.
type cache struct {
	mu   sync.Mutex
	seen map[string]compiled
}

type compiled struct {
	m    mapping
	errs []intake.FieldError
}

// maxCached bounds the cache. Old plan versions leave theirs behind, so a full
// cache is simply begun again.
const maxCached = 512

func newCache() *cache { return &cache{seen: map[string]compiled{}} }

func (c *cache) get(source map[string]string) (mapping, []intake.FieldError) {
	text := intake.Compact(source)
	c.mu.Lock()
	defer c.mu.Unlock()
	if hit, ok := c.seen[text]; ok {
		return hit.m, hit.errs
	}
	m, errs := compile(source)
	if len(c.seen) >= maxCached {
		clear(c.seen)
	}
	c.seen[text] = compiled{m, errs}
	return m, errs
}
