package invite

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func parametersOf(t *testing.T, text string) map[string]string {
	t.Helper()
	var all []struct{ ParameterKey, ParameterValue string }
	check(t, json.Unmarshal([]byte(text), &all))
	values := map[string]string{}
	for _, p := range all {
		values[p.ParameterKey] = p.ParameterValue
	}
	return values
}

// stack evaluates a template, as far as ours need it.
type stack struct {
	t          *testing.T
	terms      *Terms
	parameters map[string]string
	conditions map[string]bool
}

type nothing struct{}

func readTemplate(t *testing.T, x *Terms, text string, parameters map[string]string, setup bool) deployed {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if x.Setup != nil && !setup {
		parameters[setupParameter] = "Off"
	}
	s := &stack{t, x, parameters, map[string]bool{}}
	top := mapping(doc.Content[0])
	if c := top["Conditions"]; c != nil {
		s.conditions[setupCondition] = s.value(mapping(c)[setupCondition]).(bool)
	}
	return s.deployed(s.value(mapping(mapping(top["Resources"])["Role"])["Properties"]).(map[string]any))
}

func (s *stack) deployed(p map[string]any) deployed {
	text := func(key string) string { v, _ := p[key].(string); return v }
	d := deployed{Name: text("RoleName"), Path: text("Path"), Description: text("Description"), Boundary: text("PermissionsBoundary"),
		MaxSession: int(p["MaxSessionDuration"].(float64)), Trust: p["AssumeRolePolicyDocument"], Inline: map[string]any{}, Tags: map[string]string{}}
	policies, _ := p["Policies"].([]any)
	for _, p := range policies {
		p := p.(map[string]any)
		d.Inline[p["PolicyName"].(string)] = p["PolicyDocument"]
	}
	tags, _ := p["Tags"].([]any)
	for _, tag := range tags {
		tag := tag.(map[string]any)
		d.Tags[tag["Key"].(string)] = tag["Value"].(string)
	}
	managed, _ := p["ManagedPolicyArns"].([]any)
	for _, arn := range managed {
		d.Managed = append(d.Managed, arn.(string))
	}
	slices.Sort(d.Managed)
	return d
}

func mapping(n *yaml.Node) map[string]*yaml.Node {
	m := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		m[n.Content[i].Value] = n.Content[i+1]
	}
	return m
}

func (s *stack) value(n *yaml.Node) any {
	switch n.Tag {
	case "!Ref":
		if n.Value == "AWS::NoValue" {
			return nothing{}
		}
		return s.parameters[n.Value]
	case "!Sub":
		text := strings.NewReplacer("${AWS::Partition}", s.terms.Partition, "${AWS::AccountId}", s.terms.AccountID, "${!", "${").Replace(n.Value)
		return text
	case "!Equals":
		return s.value(n.Content[0]) == s.value(n.Content[1])
	case "!If":
		if s.conditions[n.Content[0].Value] {
			return s.value(n.Content[1])
		}
		return s.value(n.Content[2])
	case "!!str":
		return n.Value
	case "!!bool":
		return n.Value == "true"
	case "!!int":
		f, err := strconv.ParseFloat(n.Value, 64)
		check(s.t, err)
		return f
	case "!!map":
		m := map[string]any{}
		for k, v := range mapping(n) {
			m[k] = s.value(v)
		}
		return m
	case "!!seq":
		all := []any{}
		for _, e := range n.Content {
			if v := s.value(e); v != (nothing{}) {
				all = append(all, v)
			}
		}
		return all
	}
	s.t.Fatalf("line %d: %s %q is not expected", n.Line, n.Tag, n.Value)
	return nil
}
