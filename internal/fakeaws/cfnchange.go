package fakeaws

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

type stackIDResult struct {
	StackID string `xml:"StackId"`
}

// stackRequest is what CreateStack and UpdateStack are given.
type stackRequest struct {
	*cfnTemplate
	values       map[string]string
	tags         []tag
	capabilities []string
}

func (d *deployment) request(before *stack) (*stackRequest, error) {
	r := &stackRequest{tags: formTags(d.form), capabilities: members(d.form, "Capabilities.member.%d")}
	var err error
	body, previous := d.form.Get("TemplateBody"), d.form.Get("UsePreviousTemplate") == "true"
	switch {
	case body != "" && previous:
		return nil, invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
	case previous && before != nil:
		r.cfnTemplate = before.template
	case body == "":
		return nil, invalid("Either Template URL or Template Body must be specified.")
	default:
		if r.cfnTemplate, err = parseTemplate(body); err != nil {
			return nil, err
		}
	}
	given, keep := map[string]string{}, []string(nil)
	for i, key := range members(d.form, "Parameters.member.%d.ParameterKey") {
		value := fmt.Sprintf("Parameters.member.%d.ParameterValue", i+1)
		switch same := d.form.Get(fmt.Sprintf("Parameters.member.%d.UsePreviousValue", i+1)) == "true"; {
		case same && d.form.Has(value):
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true and non empty value for a parameter", key)
		case same:
			keep = append(keep, key)
		default:
			given[key] = d.form.Get(value)
		}
	}
	var old map[string]string
	if before != nil {
		old = before.values
	}
	if r.values, err = r.settle(given, keep, old); err != nil {
		return nil, err
	}
	return r, r.capable(r.capabilities)
}

func (s *Server) createStack(d *deployment) (any, error) {
	name := d.form.Get("StackName")
	if !stackName.MatchString(name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	if d.stack != nil {
		return nil, &apiError{http.StatusBadRequest, "AlreadyExistsException", "Stack [" + name + "] already exists"}
	}
	r, err := d.request(nil)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	st := &stack{
		account: d.who.account, region: d.region, name: name, created: now, template: r.cfnTemplate, values: r.values, tags: r.tags, capabilities: r.capabilities,
		arn: fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/%s", d.who.partition, d.region, d.who.account, name, newRequestID()), resources: map[string]*resource{},
	}
	d.stack = st
	s.stacks = append(s.stacks, st)
	st.become(now, nil, "CREATE_IN_PROGRESS", "User Initiated")
	if err := d.apply(r, now); err != nil {
		st.become(now, nil, "ROLLBACK_IN_PROGRESS", err.Error())
		if err := d.removeAll(now); err != nil {
			st.become(now, nil, "ROLLBACK_FAILED", err.Error())
			return &stackIDResult{st.arn}, nil
		}
		st.become(now, nil, "ROLLBACK_COMPLETE", "")
		return &stackIDResult{st.arn}, nil
	}
	st.become(now, nil, "CREATE_COMPLETE", "")
	return &stackIDResult{st.arn}, nil
}

func (s *Server) updateStack(d *deployment) (any, error) {
	st := d.stack
	if st == nil {
		return nil, noStack(d.form.Get("StackName"))
	}
	if !slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}, st.status) {
		return nil, invalid("Stack:%s is in %s state and can not be updated.", st.arn, st.status)
	}
	r, err := d.request(st)
	if err != nil {
		return nil, err
	}
	if !d.form.Has("Tags.member.1.Key") {
		r.tags = st.tags
	}
	if !st.changes(r) {
		return nil, invalid("No updates are to be performed.")
	}
	now := s.Now()
	st.updated = now
	before := &stackRequest{st.template, st.values, st.tags, st.capabilities}
	st.become(now, nil, "UPDATE_IN_PROGRESS", "User Initiated")
	if err := d.apply(r, now); err != nil {
		st.become(now, nil, "UPDATE_ROLLBACK_IN_PROGRESS", err.Error())
		if err := d.apply(before, now); err != nil {
			st.become(now, nil, "UPDATE_ROLLBACK_FAILED", err.Error())
			return &stackIDResult{st.arn}, nil
		}
		st.become(now, nil, "UPDATE_ROLLBACK_COMPLETE", "")
		return &stackIDResult{st.arn}, nil
	}
	st.become(now, nil, "UPDATE_COMPLETE", "")
	return &stackIDResult{st.arn}, nil
}

func noStack(name string) error {
	return invalid("Stack with id %s does not exist", name)
}

// changes reports whether a request differs from what there is.
func (st *stack) changes(r *stackRequest) bool {
	e := st.evaluator(r.cfnTemplate, r.values)
	there := 0
	for _, id := range r.order {
		properties, wanted, err := e.wanted(id)
		old := st.resources[id]
		if err != nil || wanted != (old != nil) || wanted && toJSON(properties) != toJSON(old.properties) {
			return true
		}
		if wanted {
			there++
		}
	}
	outputs, err := e.describe()
	return err != nil || there != len(st.resources) || toJSON(outputs) != toJSON(st.outputs) || !slices.Equal(r.tags, st.tags)
}

// apply makes the stack what is asked for: resources in their order, then what is no longer wanted. The first failure ends it.
func (d *deployment) apply(r *stackRequest, now time.Time) error {
	st := d.stack
	st.template, st.values, st.tags, st.capabilities = r.cfnTemplate, r.values, r.tags, r.capabilities
	e := st.evaluator(r.cfnTemplate, r.values)
	keep := map[string]bool{}
	for _, id := range r.order {
		properties, wanted, err := e.wanted(id)
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		keep[id] = true
		if err := d.make(id, properties, now); err != nil {
			return err
		}
	}
	for id, old := range st.resources {
		if !keep[id] {
			if err := d.remove(old, now); err != nil {
				return err
			}
		}
	}
	var err error
	st.outputs, err = e.describe()
	return err
}

// make makes or changes one resource.
func (d *deployment) make(id string, properties map[string]any, now time.Time) error {
	st, kind := d.stack, d.stack.template.resources[id].kind
	old, verb := st.resources[id], "CREATE"
	if old != nil {
		if toJSON(old.properties) == toJSON(properties) {
			return nil
		}
		verb = "UPDATE"
	}
	st.become(now, &resource{id: id, kind: kind}, verb+"_IN_PROGRESS", "")
	made, err := resourceKinds[kind].make(d, old, id, properties)
	if made != nil {
		st.resources[id] = made
	}
	if err != nil {
		failed := made
		if failed == nil {
			failed = &resource{id: id, kind: kind}
		}
		st.become(now, failed, verb+"_FAILED", handlerMessage(err))
		return fmt.Errorf("The following resource(s) failed to %s: [%s]. ", strings.ToLower(verb), id) //lint:ignore ST1005 CloudFormation's words
	}
	st.become(now, made, verb+"_COMPLETE", "")
	return nil
}

// handlerMessage is how CloudFormation passes an error of IAM on.
func handlerMessage(err error) string {
	var e *apiError
	if !errors.As(err, &e) || e.code == "ValidationError" {
		return err.Error()
	}
	return fmt.Sprintf("Resource handler returned message: %q", fmt.Sprintf("%s (Service: Iam, Status Code: %d, Request ID: %s)", e.message, e.status, newRequestID()))
}

func (d *deployment) remove(r *resource, now time.Time) error {
	d.stack.become(now, r, "DELETE_IN_PROGRESS", "")
	if err := resourceKinds[r.kind].remove(d, r); err != nil {
		d.stack.become(now, r, "DELETE_FAILED", handlerMessage(err))
		return fmt.Errorf("The following resource(s) failed to delete: [%s]. ", r.id) //lint:ignore ST1005 CloudFormation's words
	}
	delete(d.stack.resources, r.id)
	d.stack.become(now, r, "DELETE_COMPLETE", "")
	return nil
}

// removeAll removes the resources, those that others need last.
func (d *deployment) removeAll(now time.Time) error {
	for _, id := range slices.Backward(d.stack.template.order) {
		if r := d.stack.resources[id]; r != nil {
			if err := d.remove(r, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteStack is no error where there is no stack.
func (s *Server) deleteStack(d *deployment) (any, error) {
	if d.stack == nil || d.stack.status == "DELETE_COMPLETE" {
		return nil, nil
	}
	now := s.Now()
	d.stack.become(now, nil, "DELETE_IN_PROGRESS", "User Initiated")
	if err := d.removeAll(now); err != nil {
		d.stack.become(now, nil, "DELETE_FAILED", err.Error())
		return nil, nil
	}
	d.stack.become(now, nil, "DELETE_COMPLETE", "")
	return nil, nil
}
