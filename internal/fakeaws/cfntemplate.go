package fakeaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const maxTemplate = 51200 // bytes of TemplateBody (CloudFormation quotas)

// cfnTemplate is a CloudFormation template, with all functions in their long form. What it holds is JSON's: maps, lists, strings,
// bools and json.Number.
type cfnTemplate struct {
	text        string
	description string
	parameters  map[string]parameter
	conditions  map[string]any
	resources   map[string]resourceTemplate
	outputs     map[string]map[string]any
	order       []string // of resources: none before what it refers to
}

type resourceTemplate struct {
	kind       string
	condition  string
	properties map[string]any
	dependsOn  []string
}

func templateError(format string, args ...any) error {
	return invalid("Template format error: "+format, args...)
}

var logicalID = regexp.MustCompile(`^[a-zA-Z0-9]{1,255}$`)

// parseTemplate reads a template and checks all that needs no parameters. What is not supported here is an error.
func parseTemplate(text string) (*cfnTemplate, error) {
	if len(text) > maxTemplate {
		return nil, invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", maxTemplate)
	}
	doc, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	t := &cfnTemplate{text: text, parameters: map[string]parameter{}, conditions: map[string]any{}, resources: map[string]resourceTemplate{}, outputs: map[string]map[string]any{}}
	for _, section := range slices.Sorted(maps.Keys(doc)) {
		if err := t.section(section, doc[section]); err != nil {
			return nil, err
		}
	}
	if len(t.resources) == 0 {
		return nil, templateError("At least one Resources member must be defined.")
	}
	return t, t.check()
}

func (t *cfnTemplate) section(name string, v any) error {
	switch name {
	case "AWSTemplateFormatVersion":
		if v != "2010-09-09" {
			return templateError("unsupported value for AWSTemplateFormatVersion.")
		}
		return nil
	case "Description":
		text, ok := v.(string)
		if !ok || len(text) > 1024 {
			return templateError("'Description' length is greater than 1024.")
		}
		t.description = text
		return nil
	}
	members, ok := v.(map[string]any)
	if !ok {
		return templateError("[/%s] 'null' values are not allowed in templates", name)
	}
	for id, v := range members {
		if name != "Metadata" && !logicalID.MatchString(id) {
			return templateError("%s name %s is non alphanumeric.", strings.TrimSuffix(name, "s"), id)
		}
		if err := t.member(name, id, v); err != nil {
			return err
		}
	}
	return nil
}

func (t *cfnTemplate) member(section, id string, v any) (err error) {
	switch section {
	case "Metadata":
	case "Conditions":
		t.conditions[id] = v
	case "Parameters":
		t.parameters[id], err = parseParameter(id, v)
	case "Resources":
		t.resources[id], err = parseResource(id, v)
	case "Outputs":
		out, ok := v.(map[string]any)
		if !ok || out["Value"] == nil {
			return templateError("Every Outputs member must contain a Value object")
		}
		t.outputs[id] = out
		err = onlyMembers("Output "+id, out, "Value", "Description", "Condition", "Export")
	default:
		err = templateError("Invalid template property or properties [%s]", section)
	}
	return err
}

func parseResource(id string, v any) (resourceTemplate, error) {
	var r resourceTemplate
	m, ok := v.(map[string]any)
	if !ok {
		return r, templateError("Resource %s must be an object", id)
	}
	if err := onlyMembers("Resource "+id, m, "Type", "Properties", "Condition", "DependsOn", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"); err != nil {
		return r, err
	}
	for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		if p := m[policy]; p != nil && p != "Delete" {
			return r, invalid("Template error: the %s %v of %s is not supported here", policy, p, id)
		}
	}
	r.kind, _ = m["Type"].(string)
	r.condition, _ = m["Condition"].(string)
	r.properties, _ = m["Properties"].(map[string]any)
	if _, ok := resourceKinds[r.kind]; !ok {
		return r, templateError("Unrecognized resource types: [%s]", r.kind)
	}
	switch d := m["DependsOn"].(type) {
	case string:
		r.dependsOn = []string{d}
	case []any:
		for _, one := range d {
			r.dependsOn = append(r.dependsOn, fmt.Sprint(one))
		}
	}
	return r, nil
}

func onlyMembers(what string, m map[string]any, known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, name) {
			return invalid("Invalid template property or properties [%s] in %s", name, what)
		}
	}
	return nil
}

// parseDocument reads JSON, or YAML with CloudFormation's short forms.
func parseDocument(text string) (map[string]any, error) {
	var v any
	var err error
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err = d.Decode(&v); err == nil && d.More() {
			err = errors.New("something follows the template")
		}
	} else {
		var n yaml.Node
		if err = yaml.Unmarshal([]byte(text), &n); err == nil && n.Kind == yaml.DocumentNode {
			v, err = fromYAML(n.Content[0])
		}
	}
	if err != nil {
		return nil, templateError("%s not well-formed: %v", map[bool]string{true: "JSON", false: "YAML"}[strings.HasPrefix(strings.TrimSpace(text), "{")], err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, templateError("unsupported structure.")
	}
	return m, nil
}

func fromYAML(n *yaml.Node) (any, error) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return nil, fmt.Errorf("line %d: aliases are not taken", n.Line)
	}
	v, err := plainYAML(n)
	if err != nil || !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return v, err
	}
	name := strings.TrimPrefix(n.Tag, "!")
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: v}, nil
	case "GetAtt":
		if text, ok := v.(string); ok {
			id, attribute, _ := strings.Cut(text, ".")
			v = []any{id, attribute}
		}
	}
	if !slices.Contains(valueFunctions, "Fn::"+name) && !slices.Contains(conditionFunctions, "Fn::"+name) {
		return nil, fmt.Errorf("line %d: the function !%s is not supported here", n.Line, name)
	}
	return map[string]any{"Fn::" + name: v}, nil
}

// plainYAML reads a node without its tag.
func plainYAML(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if _, twice := m[key.Value]; twice || key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				return nil, fmt.Errorf("line %d: the key %q appears twice or is none", key.Line, key.Value)
			}
			v, err := fromYAML(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key.Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			v, err := fromYAML(item)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	switch n.Tag {
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int", "!!float":
		return json.Number(n.Value), nil
	case "!!null":
		return nil, fmt.Errorf("line %d: 'null' values are not allowed in templates", n.Line)
	}
	return n.Value, nil // a date too is taken as it is written
}
