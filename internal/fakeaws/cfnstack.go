package fakeaws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// stack is a CloudFormation stack. What is done to it is over before its request is answered, so that a waiter sees the end at once.
type stack struct {
	account, region, name, arn string
	template                   *cfnTemplate
	values                     map[string]string // of its parameters, NoEcho's too
	tags                       []tag
	capabilities               []string
	status, reason             string
	created, updated           time.Time
	resources                  map[string]*resource // by logical ID
	outputs                    map[string]string
	events                     []stackEvent // the newest last
}

type stackEvent struct {
	EventID              string `xml:"EventId"`
	StackID              string `xml:"StackId"`
	StackName            string
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId"`
	ResourceType         string
	Timestamp            string
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
}

// physicalName is what a resource without a name of its own is called.
func (st *stack) physicalName(id string, old *resource) string {
	if old != nil {
		return old.physical
	}
	return fmt.Sprintf("%.24s-%.24s-%s", st.name, id, newID("", 12))
}

// become notes a new status of the stack, or of a resource.
func (st *stack) become(now time.Time, r *resource, status, reason string) {
	e := stackEvent{newRequestID(), st.arn, st.name, st.name, st.arn, "AWS::CloudFormation::Stack", formatTime(now), status, reason}
	if r == nil {
		st.status, st.reason = status, reason
	} else {
		r.status = status
		e.LogicalResourceID, e.PhysicalResourceID, e.ResourceType = r.id, r.physical, r.kind
	}
	st.events = append(st.events, e)
}

// evaluator works out what a template says of this stack.
func (st *stack) evaluator(t *cfnTemplate, values map[string]string) *evaluator {
	partition, _, _ := strings.Cut(strings.TrimPrefix(st.arn, "arn:"), ":")
	suffix := map[bool]string{true: "amazonaws.com.cn", false: "amazonaws.com"}[partition == "aws-cn"]
	e := &evaluator{cfnTemplate: t, conds: map[string]bool{}, values: map[string]any{
		"AWS::AccountId": st.account, "AWS::Region": st.region, "AWS::Partition": partition,
		"AWS::StackName": st.name, "AWS::StackId": st.arn, "AWS::URLSuffix": suffix,
	}}
	for id, text := range values {
		e.values[id] = t.parameters[id].value(text)
	}
	e.reference = func(id, attribute string) (string, error) {
		r := st.resources[id]
		if r == nil {
			return "", templateError("Unresolved resource dependencies [%s] in the Resources block of the template", id)
		}
		v, ok := r.attributes[attribute]
		if !ok {
			return "", invalid("Template error: resource %s does not support attribute type %s in Fn::GetAtt", id, attribute)
		}
		return v, nil
	}
	return e
}

// wanted returns the properties of a resource; none where its condition is not met.
func (e *evaluator) wanted(id string) (properties map[string]any, there bool, err error) {
	r := e.resources[id]
	if r.condition != "" {
		met, err := e.named(r.condition)
		if err != nil || !met {
			return nil, false, err
		}
	}
	v, err := e.value(r.properties)
	properties, _ = v.(map[string]any)
	return properties, true, err
}

// describe works the outputs out.
func (e *evaluator) describe() (map[string]string, error) {
	out := map[string]string{}
	for id, o := range e.outputs {
		if name, ok := o["Condition"].(string); ok {
			if met, err := e.named(name); err != nil || !met {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		v, err := e.value(o["Value"])
		if err != nil {
			return nil, err
		}
		out[id] = plainText(v)
	}
	return out, nil
}

// capable checks that the caller has said that IAM may be changed.
func (t *cfnTemplate) capable(given []string) error {
	need := t.needs()
	if need == "" || slices.Contains(given, "CAPABILITY_NAMED_IAM") || need == "CAPABILITY_IAM" && slices.Contains(given, need) {
		return nil
	}
	return &apiError{http.StatusBadRequest, "InsufficientCapabilitiesException", "Requires capabilities : [" + need + "]"}
}

func (t *cfnTemplate) needs() string {
	need := ""
	for _, r := range t.resources {
		if name := resourceKinds[r.kind].name; r.properties[name] != nil {
			return "CAPABILITY_NAMED_IAM"
		}
		need = "CAPABILITY_IAM"
	}
	return need
}

// onStack makes an action out of what it does once the caller may. do is called with s.stacking held, and with the stack that the
// request names, if there is one.
func onStack(action string, do func(s *Server, d *deployment) (any, error)) func(*Server, call) (any, error) {
	return func(s *Server, c call) (any, error) {
		for _, name := range slices.Sorted(maps.Keys(c.form)) {
			if first, _, _ := strings.Cut(name, "."); !slices.Contains(stackParams, first) {
				return nil, invalid("The parameter %s is not supported here", first)
			}
		}
		s.stacking.Lock()
		defer s.stacking.Unlock()
		name := c.form.Get("StackName")
		d := &deployment{s, c, s.findStack(c, name)}
		resource := "*"
		switch {
		case d.stack != nil:
			resource = d.stack.arn
		case name != "":
			resource = fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/*", c.who.partition, c.region, c.who.account, name)
		}
		now := s.Now()
		s.mu.Lock()
		err := s.mayDo(c, "cloudformation:"+action, resource, resource, now)
		s.mu.Unlock()
		if err != nil {
			return nil, err
		}
		return do(s, d)
	}
}

// stackParams are the parameters of all the actions. The two tokens make no difference here.
var stackParams = []string{"Action", "Version", "StackName", "TemplateBody", "Parameters", "Capabilities", "Tags", "UsePreviousTemplate", "OnFailure",
	"DisableRollback", "NextToken", "ClientRequestToken", "TemplateStage"}

// findStack finds a stack by its name, or by its ARN even when it is deleted. The caller holds s.stacking.
func (s *Server) findStack(c call, name string) *stack {
	for _, st := range s.stacks {
		here := st.account == c.who.account && st.region == c.region
		if here && (st.arn == name || st.name == name && st.status != "DELETE_COMPLETE") {
			return st
		}
	}
	return nil
}
