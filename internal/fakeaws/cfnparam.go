package fakeaws

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameter is one of a template's.
type parameter struct {
	kind               string
	fallback           *string // Default
	noEcho             bool
	description        string
	pattern            *regexp.Regexp
	patternText        string
	minLength          int
	maxLength          int // 0 is any
	allowed            []string
	constraint         string // ConstraintDescription
	minValue, maxValue *float64
}

var parameterKinds = []string{"String", "Number", "CommaDelimitedList", "List<Number>"}

func parseParameter(id string, v any) (parameter, error) {
	var p parameter
	m, ok := v.(map[string]any)
	if !ok {
		return p, templateError("Every Parameters object must contain a Type member.")
	}
	if err := onlyMembers("Parameter "+id, m, "Type", "Default", "NoEcho", "Description", "AllowedPattern", "MinLength", "MaxLength", "AllowedValues",
		"ConstraintDescription", "MinValue", "MaxValue"); err != nil {
		return p, err
	}
	p.kind, _ = m["Type"].(string)
	if !slices.Contains(parameterKinds, p.kind) {
		return p, templateError("Unrecognized parameter type: %s", p.kind)
	}
	p.description, p.constraint = plainText(m["Description"]), plainText(m["ConstraintDescription"])
	p.noEcho = strings.EqualFold(plainText(m["NoEcho"]), "true")
	if d, ok := m["Default"]; ok {
		text := plainText(d)
		p.fallback = &text
	}
	if list, ok := m["AllowedValues"].([]any); ok {
		for _, v := range list {
			p.allowed = append(p.allowed, plainText(v))
		}
	} else if m["AllowedValues"] != nil {
		return p, templateError("Every AllowedValues member must be a list.")
	}
	return p, p.limits(id, m)
}

func (p *parameter) limits(id string, m map[string]any) error {
	for name, to := range map[string]*int{"MinLength": &p.minLength, "MaxLength": &p.maxLength} {
		if m[name] == nil {
			continue
		}
		n, err := strconv.Atoi(plainText(m[name]))
		if err != nil || n < 0 {
			return templateError("%s of the parameter %s must be an integer", name, id)
		}
		*to = n
	}
	for name, to := range map[string]**float64{"MinValue": &p.minValue, "MaxValue": &p.maxValue} {
		if m[name] == nil {
			continue
		}
		n, err := strconv.ParseFloat(plainText(m[name]), 64)
		if err != nil {
			return templateError("%s of the parameter %s must be a number", name, id)
		}
		*to = &n
	}
	if m["AllowedPattern"] != nil {
		p.patternText = plainText(m["AllowedPattern"])
		var err error
		if p.pattern, err = regexp.Compile(`^(?:` + p.patternText + `)$`); err != nil { // all of the value must match
			return templateError("AllowedPattern of the parameter %s: %v", id, err)
		}
	}
	return nil
}

// fault says what is wrong with a value, without the value: it may be a secret.
func (p parameter) fault(id, value string) error {
	number, notNumber := strconv.ParseFloat(value, 64)
	why := ""
	switch {
	case p.kind == "Number" && notNumber != nil:
		return invalid("Parameter validation failed: parameter type is number and value is not a number for parameter name %s", id)
	case p.minValue != nil && number < *p.minValue, p.maxValue != nil && number > *p.maxValue:
		why = "must be a number in its range"
	case len(value) < p.minLength:
		why = fmt.Sprintf("must contain at least %d characters", p.minLength)
	case p.maxLength > 0 && len(value) > p.maxLength:
		why = fmt.Sprintf("must contain at most %d characters", p.maxLength)
	case p.allowed != nil && !slices.Contains(p.allowed, value):
		why = "must be one of AllowedValues"
	case p.pattern != nil && !p.pattern.MatchString(value):
		why = "must match pattern " + p.patternText
	default:
		return nil
	}
	if p.constraint != "" {
		return invalid("Parameter %s failed to satisfy constraint: %s", id, p.constraint)
	}
	return invalid("Parameter '%s' %s", id, why)
}

// settle returns the values of a template's parameters: those given, else what before was where that is asked for, else the default.
func (t *cfnTemplate) settle(given map[string]string, keep []string, before map[string]string) (map[string]string, error) {
	var unknown, missing []string
	values := map[string]string{}
	for id, v := range given {
		if _, ok := t.parameters[id]; !ok {
			unknown = append(unknown, id)
		}
		values[id] = v
	}
	for _, id := range keep {
		v, ok := before[id]
		if _, known := t.parameters[id]; !ok || !known {
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", id)
		}
		values[id] = v
	}
	for id, p := range t.parameters {
		if _, ok := values[id]; ok {
			continue
		}
		if p.fallback == nil {
			missing = append(missing, id)
			continue
		}
		values[id] = *p.fallback
	}
	if slices.Sort(unknown); len(unknown) > 0 {
		return nil, invalid("Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))
	}
	if slices.Sort(missing); len(missing) > 0 {
		return nil, invalid("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	for _, id := range slices.Sorted(maps.Keys(values)) {
		if err := t.parameters[id].fault(id, values[id]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// value is what Ref gives.
func (p parameter) value(text string) any {
	if p.kind != "CommaDelimitedList" && p.kind != "List<Number>" {
		return text
	}
	list := []any{}
	for _, part := range strings.Split(text, ",") {
		list = append(list, strings.TrimSpace(part))
	}
	return list
}
