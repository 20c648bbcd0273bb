package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

var pseudoParameters = []string{"AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::StackName", "AWS::StackId", "AWS::URLSuffix", "AWS::NoValue"}

// check looks at what the parts of a template say of each other, and puts its resources in order.
func (t *cfnTemplate) check() error {
	for _, v := range t.conditions {
		if err := t.walk(v, func(id string) error { return t.known(id, "Conditions", false) }); err != nil {
			return err
		}
	}
	for _, out := range t.outputs {
		if err := t.walk(out["Value"], func(id string) error { return t.known(id, "Outputs", true) }); err != nil {
			return err
		}
		if err := t.knownCondition(out["Condition"]); err != nil {
			return err
		}
	}
	needs := map[string][]string{}
	for id, r := range t.resources {
		if r.condition != "" {
			if err := t.knownCondition(r.condition); err != nil {
				return err
			}
		}
		needs[id] = r.dependsOn
		for _, other := range r.dependsOn {
			if _, ok := t.resources[other]; !ok {
				return templateError("Unresolved resource dependencies [%s] in the Resources block of the template", other)
			}
		}
		err := t.walk(r.properties, func(other string) error {
			if _, ok := t.resources[other]; ok {
				needs[id] = append(needs[id], other)
			}
			return t.known(other, "Resources", true)
		})
		if err != nil {
			return err
		}
	}
	return t.arrange(needs)
}

func (t *cfnTemplate) known(id, block string, resources bool) error {
	_, parameter := t.parameters[id]
	_, resource := t.resources[id]
	if parameter || resources && resource || slices.Contains(pseudoParameters, id) {
		return nil
	}
	return templateError("Unresolved resource dependencies [%s] in the %s block of the template", id, block)
}

func (t *cfnTemplate) knownCondition(v any) error {
	if name, ok := v.(string); ok && t.conditions[name] == nil {
		return templateError("Unresolved condition dependency %s in the Resources block of the template", name)
	}
	return nil
}

// walk calls visit with each name that a value refers to.
func (t *cfnTemplate) walk(v any, visit func(id string) error) error {
	name, argument, isFunction := function(v)
	if isFunction && !slices.Contains(valueFunctions, name) && !slices.Contains(conditionFunctions, name) {
		return unsupported(name)
	}
	list, _ := argument.([]any)
	switch {
	case isFunction && name == "Ref":
		id, ok := argument.(string)
		if !ok {
			return templateError("All Refs must refer to a name")
		}
		return visit(id)
	case isFunction && name == "Fn::GetAtt":
		if len(list) != 2 {
			return templateError("every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
		}
		return visit(fmt.Sprint(list[0]))
	case isFunction && name == "Fn::Sub":
		return t.walkSub(argument, visit)
	case isFunction && name == "Fn::If" && len(list) > 0:
		if err := t.knownCondition(list[0]); err != nil {
			return err
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if err := t.walk(member, visit); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := t.walk(item, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *cfnTemplate) walkSub(argument any, visit func(id string) error) error {
	text, own, err := subParts(argument)
	if err != nil {
		return err
	}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		id, _, _ := strings.Cut(strings.TrimSpace(m[2]), ".")
		if _, mine := own[strings.TrimSpace(m[2])]; mine || m[1] == "!" {
			continue
		}
		if err := visit(id); err != nil {
			return err
		}
	}
	return t.walk(own, visit)
}

// arrange puts each resource behind those it needs.
func (t *cfnTemplate) arrange(needs map[string][]string) error {
	for len(t.order) < len(t.resources) {
		before := len(t.order)
		for _, id := range slices.Sorted(maps.Keys(t.resources)) {
			waits := slices.ContainsFunc(needs[id], func(other string) bool { return !slices.Contains(t.order, other) })
			if !waits && !slices.Contains(t.order, id) {
				t.order = append(t.order, id)
			}
		}
		if len(t.order) == before {
			return invalid("Circular dependency between resources: [%s]", strings.Join(slices.Sorted(maps.Keys(needs)), ", "))
		}
	}
	return nil
}
