package fakeaws

import (
	"maps"
	"slices"
)

const noEcho = "****" // a NoEcho parameter's value, as CloudFormation shows it

type stacksResult struct {
	Stacks struct {
		Members []stackDetail `xml:"member"`
	}
}

type stackDetail struct {
	StackID           string `xml:"StackId"`
	StackName         string
	Description       string `xml:",omitempty"`
	Parameters        parameterList
	CreationTime      string
	LastUpdatedTime   string `xml:",omitempty"`
	StackStatus       string
	StackStatusReason string `xml:",omitempty"`
	DisableRollback   bool
	Capabilities      struct {
		Members []string `xml:"member"`
	}
	Outputs struct {
		Members []outputDetail `xml:"member"`
	}
	Tags tagList
}

type parameterList struct {
	Members []parameterDetail `xml:"member"`
}

type parameterDetail struct{ ParameterKey, ParameterValue string }

type outputDetail struct {
	OutputKey, OutputValue string
	Description            string `xml:",omitempty"`
}

func (s *Server) describeStacks(d *deployment) (any, error) {
	out := &stacksResult{}
	if name := d.form.Get("StackName"); name != "" {
		if d.stack == nil {
			return nil, noStack(name)
		}
		out.Stacks.Members = []stackDetail{d.stack.detail()}
		return out, nil
	}
	for _, st := range s.stacks {
		if st == s.findStack(d.call, st.name) {
			out.Stacks.Members = append(out.Stacks.Members, st.detail())
		}
	}
	return out, nil
}

func (st *stack) detail() stackDetail {
	d := stackDetail{StackID: st.arn, StackName: st.name, Description: st.template.description, CreationTime: formatTime(st.created), StackStatus: st.status, StackStatusReason: st.reason}
	if !st.updated.IsZero() {
		d.LastUpdatedTime = formatTime(st.updated)
	}
	for _, id := range slices.Sorted(maps.Keys(st.values)) {
		value := st.values[id]
		if st.template.parameters[id].noEcho {
			value = noEcho
		}
		d.Parameters.Members = append(d.Parameters.Members, parameterDetail{id, value})
	}
	for _, id := range slices.Sorted(maps.Keys(st.outputs)) {
		d.Outputs.Members = append(d.Outputs.Members, outputDetail{id, st.outputs[id], plainText(st.template.outputs[id]["Description"])})
	}
	d.Capabilities.Members = st.capabilities
	for _, t := range st.tags {
		d.Tags.Members = append(d.Tags.Members, tagDetail{t.key, t.value})
	}
	return d
}

type eventsResult struct {
	StackEvents struct {
		Members []stackEvent `xml:"member"`
	}
}

func (s *Server) describeStackEvents(d *deployment) (any, error) {
	if d.stack == nil {
		return nil, invalid("Stack [%s] does not exist", d.form.Get("StackName"))
	}
	out := &eventsResult{}
	for _, e := range slices.Backward(d.stack.events) {
		out.StackEvents.Members = append(out.StackEvents.Members, e)
	}
	return out, nil
}

type resourcesResult struct {
	StackResources struct {
		Members []resourceDetail `xml:"member"`
	}
}

type resourceDetail struct {
	StackName          string
	StackID            string `xml:"StackId"`
	LogicalResourceID  string `xml:"LogicalResourceId"`
	PhysicalResourceID string `xml:"PhysicalResourceId"`
	ResourceType       string
	Timestamp          string
	ResourceStatus     string
}

func (s *Server) describeStackResources(d *deployment) (any, error) {
	if d.stack == nil {
		return nil, noStack(d.form.Get("StackName"))
	}
	out, st := &resourcesResult{}, d.stack
	for _, id := range slices.Sorted(maps.Keys(st.resources)) {
		r := st.resources[id]
		out.StackResources.Members = append(out.StackResources.Members, resourceDetail{st.name, st.arn, id, r.physical, r.kind, formatTime(st.created), r.status})
	}
	return out, nil
}

type templateResult struct {
	TemplateBody    string
	StagesAvailable struct {
		Members []string `xml:"member"`
	}
}

func (s *Server) getTemplate(d *deployment) (any, error) {
	if d.stack == nil {
		return nil, noStack(d.form.Get("StackName"))
	}
	out := &templateResult{TemplateBody: d.stack.template.text}
	out.StagesAvailable.Members = []string{"Original", "Processed"}
	return out, nil
}

type validateResult struct {
	Description string
	Parameters  struct {
		Members []validatedParameter `xml:"member"`
	}
	Capabilities struct {
		Members []string `xml:"member"`
	}
	CapabilitiesReason string `xml:",omitempty"`
}

type validatedParameter struct {
	ParameterKey string
	DefaultValue string `xml:",omitempty"`
	NoEcho       bool
	Description  string `xml:",omitempty"`
}

func (s *Server) validateTemplate(d *deployment) (any, error) {
	t, err := parseTemplate(d.form.Get("TemplateBody"))
	if err != nil {
		return nil, err
	}
	out := &validateResult{Description: t.description}
	for _, id := range slices.Sorted(maps.Keys(t.parameters)) {
		p := validatedParameter{ParameterKey: id, NoEcho: t.parameters[id].noEcho, Description: t.parameters[id].description}
		if f := t.parameters[id].fallback; f != nil {
			p.DefaultValue = *f
		}
		out.Parameters.Members = append(out.Parameters.Members, p)
	}
	if need := t.needs(); need != "" {
		out.Capabilities.Members = []string{need}
		out.CapabilitiesReason = "The following resource(s) require capabilities: [AWS::IAM::Role]"
	}
	return out, nil
}
