package fakeaws

import (
	"strings"
	"testing"
)

const (
	roleResource = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
`
	jsonTemplate = `{"Parameters":{"P":{"Type":"CommaDelimitedList","Default":"a, b"}},"Conditions":{"Yes":{"Fn::And":[{"Fn::Equals":["a",{"Fn::Select":["0",{"Ref":"P"}]}]},{"Fn::Not":[{"Condition":"No"}]}]},"No":{"Fn::Or":[{"Fn::Equals":["a","b"]}]}},
"Resources":{"Role":{"Type":"AWS::IAM::Role","Condition":"Yes","Properties":{"AssumeRolePolicyDocument":{"Version":"2012-10-17"},"Path":{"Fn::Sub":["/${x}/${!y}/${P}/",{"x":{"Fn::Join":["-",{"Ref":"P"}]}}]},"Description":{"Fn::If":["No","a",{"Ref":"AWS::NoValue"}]}}}}}`
)

func TestTemplatesAreWorkedOut(t *testing.T) {
	tmpl, err := parseTemplate(jsonTemplate)
	if err != nil {
		t.Fatal(err)
	}
	values, err := tmpl.settle(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	st := &stack{arn: "arn:aws:cloudformation:eu-west-1:012345678901:stack/a/b", account: "012345678901", region: "eu-west-1", name: "a"}
	properties, there, err := st.evaluator(tmpl, values).wanted("Role")
	const want = `{"AssumeRolePolicyDocument":{"Version":"2012-10-17"},"Path":"/a-b/${y}/a,b/"}`
	if got := toJSON(properties); err != nil || !there || got != want {
		t.Errorf("got %s (there: %t, %v), want %s", got, there, err, want)
	}
}

func TestBadTemplates(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"empty":               {"", "unsupported structure"},
		"no YAML":             {"a: [", "YAML not well-formed"},
		"no JSON":             {`{"a":`, "JSON not well-formed"},
		"list":                {"[]", "unsupported structure"},
		"no resources":        {"Description: a", "At least one Resources member"},
		"unknown section":     {"Rules: {}\nMappings: {A: {}}" + roleResource, "Invalid template property or properties [Mappings]"},
		"transform":           {"Transform: AWS::Serverless-2016-10-31" + roleResource, "[/Transform]"},
		"version":             {"AWSTemplateFormatVersion: 2010-09-08" + roleResource, "AWSTemplateFormatVersion"},
		"key twice":           {"Description: a\nDescription: b" + roleResource, "Description"},
		"null":                {"Description:\n" + roleResource, "null"},
		"alias":               {"Metadata: {A: &a b, C: *a}" + roleResource, "aliases"},
		"type":                {"Resources: {A: {Type: AWS::S3::Bucket}}", "Unrecognized resource types: [AWS::S3::Bucket]"},
		"resource member":     {roleResource + "    Creationpolicy: {}", "[Creationpolicy]"},
		"retained":            {roleResource + "    DeletionPolicy: Retain", "DeletionPolicy"},
		"logical ID":          {"Resources: {my-role: {Type: AWS::IAM::Role}}", "Resource name my-role is non alphanumeric"},
		"unknown reference":   {roleResource + "Outputs: {A: {Value: !Ref Rolle}}", "Unresolved resource dependencies [Rolle]"},
		"unknown in Sub":      {roleResource + `Outputs: {A: {Value: !Sub "a ${Rolle.Arn}"}}`, "Unresolved resource dependencies [Rolle]"},
		"pseudo parameter":    {roleResource + `Outputs: {A: {Value: !Sub "${AWS::Acount}"}}`, "Unresolved resource dependencies [AWS::Acount]"},
		"unknown condition":   {roleResource + "    Condition: None", "Unresolved condition dependency None"},
		"unknown in If":       {roleResource + "Outputs: {A: {Value: !If [None, a, b]}}", "Unresolved condition dependency None"},
		"short form":          {roleResource + "Outputs: {A: {Value: !ImportValue a}}", "!ImportValue is not supported here"},
		"long form":           {roleResource + "Outputs: {A: {Value: {Fn::ImportValue: a}}}", "Fn::ImportValue is not supported here"},
		"circle":              {roleResource + "    DependsOn: Role", "Circular dependency"},
		"resource in a rule":  {"Conditions: {A: !Equals [!Ref Role, a]}" + roleResource, "Unresolved resource dependencies [Role] in the Conditions"},
		"parameter type":      {"Parameters: {A: {Type: AWS::SSM::Parameter::Value<String>}}" + roleResource, "Unrecognized parameter type"},
		"parameter member":    {"Parameters: {A: {Type: String, NoEko: true}}" + roleResource, "[NoEko]"},
		"parameter pattern":   {"Parameters: {A: {Type: String, AllowedPattern: '['}}" + roleResource, "AllowedPattern"},
		"parameter minlength": {"Parameters: {A: {Type: String, MinLength: a}}" + roleResource, "MinLength"},
	} {
		if _, err := parseTemplate(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, tt.want)
		}
	}
}

func TestBadProperties(t *testing.T) {
	s, _, theirs := customerSide(t)
	for _, tt := range []struct{ properties, want string }{
		{`RoleName: New, AssumeRolePolicyDocument: text`, "Value of property AssumeRolePolicyDocument must be of type Json"},
		{`RoleName: New, AssumeRolePolicyDocument: {}, Plan: a`, "Encountered unsupported property Plan"},
		{`RoleName: New, AssumeRolePolicyDocument: {}, ManagedPolicyArns: a`, "Value of property ManagedPolicyArns must be of type List"},
		{`RoleName: New, AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: []}`, "no statement"},
	} {
		text := "Resources: {Role: {Type: AWS::IAM::Role, Properties: {" + tt.properties + "}}}"
		do := func(action string, pairs ...string) string {
			out, ok := ask(t, s, theirs, "cloudformation", cfnVersion, action, append([]string{"StackName", "a"}, pairs...)...)
			if !ok {
				t.Error(out)
			}
			return out
		}
		do("CreateStack", "TemplateBody", text, "Capabilities.member.1", "CAPABILITY_NAMED_IAM")
		out := do("DescribeStackEvents")
		do("DeleteStack")
		if !strings.Contains(out, tt.want) {
			t.Errorf("%s: the events are %s\nwant %s", tt.properties, out, tt.want)
		}
	}
}
