package fakeaws

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// noValue is what AWS::NoValue takes out of its list or object.
type noValue struct{}

// evaluator works a template's values out.
type evaluator struct {
	*cfnTemplate
	values    map[string]any                             // of parameters and pseudo parameters
	conds     map[string]bool                            // worked out so far
	reference func(id, attribute string) (string, error) // of resources; "" is Ref's
}

// The intrinsic functions of values, and those of Conditions.
var (
	valueFunctions     = []string{"Ref", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::GetAtt", "Fn::Select", "Fn::Split"}
	conditionFunctions = []string{"Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or"}
)

// call works a function out.
func (e *evaluator) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return e.ref(argument)
	case "Fn::Sub":
		return e.sub(argument)
	case "Fn::If":
		return e.either(argument)
	case "Fn::Join":
		return e.join(argument)
	case "Fn::GetAtt":
		return e.getAtt(argument)
	case "Fn::Select":
		return e.choose(argument)
	case "Fn::Split":
		return e.split(argument)
	}
	return nil, unsupported(name)
}

func unsupported(function string) error {
	return invalid("Template error: the function %s is not supported here", function)
}

// function returns the one function that v is.
func function(v any) (name string, argument any, ok bool) {
	m, _ := v.(map[string]any)
	if len(m) != 1 {
		return "", nil, false
	}
	for name, argument = range m {
	}
	return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::")
}

// value returns v with its functions replaced by what they give.
func (e *evaluator) value(v any) (any, error) {
	if name, argument, ok := function(v); ok {
		return e.call(name, argument)
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, member := range v {
			got, err := e.value(member)
			if err != nil {
				return nil, err
			}
			if _, nothing := got.(noValue); !nothing {
				out[key] = got
			}
		}
		return out, nil
	case []any:
		return e.list(v)
	}
	return v, nil
}

func (e *evaluator) list(items []any) ([]any, error) {
	out := []any{}
	for _, item := range items {
		got, err := e.value(item)
		if err != nil {
			return nil, err
		}
		if _, nothing := got.(noValue); !nothing {
			out = append(out, got)
		}
	}
	return out, nil
}

func (e *evaluator) ref(argument any) (any, error) {
	name, _ := argument.(string)
	if name == "AWS::NoValue" {
		return noValue{}, nil
	}
	if v, ok := e.values[name]; ok {
		return v, nil
	}
	return e.reference(name, "")
}

func (e *evaluator) getAtt(argument any) (any, error) {
	list, _ := argument.([]any)
	return e.reference(fmt.Sprint(list[0]), fmt.Sprint(list[1])) // check has seen that there are two
}

var placeholder = regexp.MustCompile(`\$\{(!?)([^}]+)\}`)

func (e *evaluator) sub(argument any) (any, error) {
	text, own, err := subParts(argument)
	if err != nil {
		return nil, err
	}
	var failed error
	out := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		m := placeholder.FindStringSubmatch(match)
		name := strings.TrimSpace(m[2])
		if m[1] == "!" {
			return "${" + m[2] + "}"
		}
		var v any
		var err error
		id, attribute, dotted := strings.Cut(name, ".")
		if mine, ok := own[name]; ok {
			v, err = e.value(mine)
		} else if dotted {
			v, err = e.reference(id, attribute)
		} else {
			v, err = e.ref(name)
		}
		if err != nil {
			failed = err
		}
		return plainText(v)
	})
	return out, failed
}

func subParts(argument any) (text string, own map[string]any, err error) {
	switch a := argument.(type) {
	case string:
		return a, nil, nil
	case []any:
		if len(a) == 2 {
			text, isText := a[0].(string)
			own, isMap := a[1].(map[string]any)
			if isText && isMap {
				return text, own, nil
			}
		}
	}
	return "", nil, invalid("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.")
}

func plainText(v any) string {
	switch v := v.(type) {
	case noValue, nil:
		return ""
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = plainText(item)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

func (e *evaluator) either(argument any) (any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 3 {
		return nil, invalid("Template error: Fn::If requires a list argument with three parameters")
	}
	met, err := e.named(fmt.Sprint(list[0]))
	if err != nil {
		return nil, err
	}
	if met {
		return e.value(list[1])
	}
	return e.value(list[2])
}

// arguments works out a list of n.
func (e *evaluator) arguments(name string, argument any, n int) ([]any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != n {
		return nil, invalid("Template error: every %s object requires a list of %d parameters", name, n)
	}
	return e.list(list)
}

func (e *evaluator) join(argument any) (any, error) {
	a, err := e.arguments("Fn::Join", argument, 2)
	if err != nil {
		return nil, err
	}
	items, ok := a[1].([]any)
	if !ok {
		return nil, invalid("Template error: every Fn::Join object requires a delimiter and a list of strings")
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = plainText(item)
	}
	return strings.Join(parts, plainText(a[0])), nil
}

func (e *evaluator) choose(argument any) (any, error) {
	a, err := e.arguments("Fn::Select", argument, 2)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(plainText(a[0]))
	list, ok := a[1].([]any)
	if err != nil || !ok || n < 0 || n >= len(list) {
		return nil, invalid("Template error: Fn::Select cannot select nonexistent value at index %s", plainText(a[0]))
	}
	return list[n], nil
}

func (e *evaluator) split(argument any) (any, error) {
	a, err := e.arguments("Fn::Split", argument, 2)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, part := range strings.Split(plainText(a[1]), plainText(a[0])) {
		out = append(out, part)
	}
	return out, nil
}

// named works out one of the template's conditions.
func (e *evaluator) named(name string) (bool, error) {
	if met, done := e.conds[name]; done {
		return met, nil
	}
	v, ok := e.conditions[name]
	if !ok {
		return false, templateError("Unresolved condition dependency %s in the Resources block of the template", name)
	}
	e.conds[name] = false // where it refers to itself
	met, err := e.condition(v)
	e.conds[name] = met
	return met, err
}

func (e *evaluator) condition(v any) (bool, error) {
	m, _ := v.(map[string]any)
	if name, ok := m["Condition"].(string); ok && len(m) == 1 {
		return e.named(name)
	}
	name, argument, _ := function(v)
	list, ok := argument.([]any)
	switch {
	case ok && name == "Fn::Equals":
		return e.equals(list)
	case ok && name == "Fn::Not":
		return e.not(list)
	case ok && name == "Fn::And":
		return e.combine(list, true)
	case ok && name == "Fn::Or":
		return e.combine(list, false)
	}
	return false, templateError("Every Condition member must be a function of conditions: %s", keys(m))
}

func (e *evaluator) equals(arguments []any) (bool, error) {
	a, err := e.arguments("Fn::Equals", arguments, 2)
	if err != nil {
		return false, err
	}
	return plainText(a[0]) == plainText(a[1]), nil
}

func (e *evaluator) not(arguments []any) (bool, error) {
	if len(arguments) != 1 {
		return false, templateError("Every Fn::Not object requires one condition")
	}
	met, err := e.condition(arguments[0])
	return !met, err
}

// combine returns whether all are met, or whether any is.
func (e *evaluator) combine(arguments []any, all bool) (bool, error) {
	result := all
	for _, a := range arguments {
		met, err := e.condition(a)
		if err != nil {
			return false, err
		}
		if met != all {
			result = !all
		}
	}
	return result, nil
}

func keys(m map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

// toJSON is the text of a policy document.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was made of JSON or YAML
	}
	return string(b)
}
