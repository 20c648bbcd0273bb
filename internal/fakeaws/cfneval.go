package fakeaws

import (
	"encoding/json"
	"maps"
	"slices"
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
