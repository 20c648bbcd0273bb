package fakeaws

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

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
