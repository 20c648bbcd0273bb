package invite

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	"go.yaml.in/yaml/v3"
)

// deployed is what stands in the customer's account in the end, whichever way it got there.
type deployed struct {
	Name, Path, Description, Boundary string
	MaxSession                        int
	Tags                              map[string]string
	Trust                             any
	Inline                            map[string]any
	Managed                           []string
}

// TestThreeWaysOneRole reads the role back out of the template, Terraform's configuration and the scripts, as CloudFormation,
// Terraform and a shell with an AWS CLI would, during setup and after it.
func TestThreeWaysOneRole(t *testing.T) {
	g := seeded(t)
	aws := fakeAWS(t)
	for range 60 {
		x := g.terms(t)
		files, err := x.Folder(externalIDOf(testID))
		check(t, err)
		byPath := map[string]string{}
		for _, f := range files {
			byPath[f.Path] = string(f.Data)
		}
		scripts := newScripts(t, aws, x, byPath)
		for _, setup := range []bool{true, false} {
			if !setup && x.Setup == nil {
				continue
			}
			stack := readTemplate(t, x, byPath[TemplateFile], parametersOf(t, byPath[parametersFile]), setup)
			configuration := readTerraform(t, x, byPath[terraformFile], byPath[tfvarsFile], setup)
			commands := scripts.role(setup)
			if d := cmp.Diff(stack, configuration, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("setup %v: Terraform makes another role than CloudFormation:\n%s\n%s", setup, d, byPath[terraformFile])
			}
			if d := cmp.Diff(stack, commands, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("setup %v: the scripts make another role than CloudFormation:\n%s\n%s", setup, d, byPath[createFile])
			}
			if d := cmp.Diff(value(t, x.Trust(externalIDOf(testID))), stack.Trust); d != "" {
				t.Fatalf("the trust policy is another than Trust tells:\n%s", d)
			}
			if x.Ongoing.Policy != "" && !cmp.Equal(value(t, x.Ongoing.Policy), stack.Inline[accessPolicy]) {
				t.Fatalf("the policy is another than the terms have:\n%s", cmp.Diff(value(t, x.Ongoing.Policy), stack.Inline[accessPolicy]))
			}
			if _, ok := stack.Inline[setupPolicy]; ok != (setup && x.Setup != nil && x.Setup.Policy != "") {
				t.Fatalf("setup %v: got the setup policy %v", setup, ok)
			}
		}
	}
}

func value(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

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
	resources := mapping(top["Resources"])
	d := s.deployed(s.value(mapping(resources["Role"])["Properties"]).(map[string]any))
	if p := resources["SetupPolicy"]; p != nil && s.conditions[mapping(p)["Condition"].Value] {
		p := s.value(mapping(p)["Properties"]).(map[string]any)
		d.Inline[p["PolicyName"].(string)] = p["PolicyDocument"]
	}
	return d
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

// configuration evaluates Terraform's language, as far as ours needs it.
type configuration struct {
	t       *testing.T
	context *hcl.EvalContext
}

func readTerraform(t *testing.T, x *Terms, text, tfvars string, setup bool) deployed {
	t.Helper()
	for _, text := range []string{text, tfvars} {
		if got := string(hclwrite.Format([]byte(text))); got != text {
			t.Fatalf("terraform fmt would change it:\n%s", cmp.Diff(text, got))
		}
	}
	c := &configuration{t, &hcl.EvalContext{}}
	values, _ := c.parse(tfvars).JustAttributes()
	id := c.value(values["external_id"])
	toset := function.New(&function.Spec{
		Params: []function.Parameter{{Type: cty.DynamicPseudoType}},
		Type:   func([]cty.Value) (cty.Type, error) { return cty.Set(cty.String), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return convert.Convert(args[0], cty.Set(cty.String))
		},
	})
	c.context.Functions = map[string]function.Function{"jsonencode": stdlib.JSONEncodeFunc, "toset": toset, "can": tryfunc.CanFunc, "regex": stdlib.RegexFunc}
	c.context.Variables = map[string]cty.Value{
		"var":  cty.ObjectVal(map[string]cty.Value{"external_id": id, "setup": cty.BoolVal(setup)}),
		"data": object1("aws_caller_identity", object1("current", object1("account_id", cty.StringVal(x.AccountID)))),
		"aws_iam_role": object1("access", cty.ObjectVal(map[string]cty.Value{
			"id": cty.StringVal(x.RoleName), "name": cty.StringVal(x.RoleName), "arn": cty.StringVal(x.RoleARN())})),
	}
	d := deployed{Inline: map[string]any{}, Tags: map[string]string{}}
	for _, b := range c.parse(text).(*hclsyntax.Body).Blocks {
		c.block(&d, b)
	}
	slices.Sort(d.Managed)
	return d
}

func object1(key string, v cty.Value) cty.Value { return cty.ObjectVal(map[string]cty.Value{key: v}) }

func (c *configuration) parse(text string) hcl.Body {
	c.t.Helper()
	f, diagnostics := hclsyntax.ParseConfig([]byte(text), "main.tf", hcl.InitialPos)
	if diagnostics.HasErrors() {
		c.t.Fatalf("%v in\n%s", diagnostics, text)
	}
	return f.Body
}

func (c *configuration) value(a *hcl.Attribute) cty.Value {
	c.t.Helper()
	if a == nil {
		return cty.NullVal(cty.String)
	}
	v, diagnostics := a.Expr.Value(c.context)
	if diagnostics.HasErrors() {
		c.t.Fatal(diagnostics)
	}
	return v
}

func (c *configuration) block(d *deployed, b *hclsyntax.Block) {
	c.t.Helper()
	attributes := func(b *hclsyntax.Block, key string) cty.Value {
		if a := b.Body.Attributes[key]; a != nil {
			return c.value(a.AsHCLAttribute())
		}
		return cty.NullVal(cty.String)
	}
	text := func(key string) string {
		if v := attributes(b, key); !v.IsNull() {
			return v.AsString()
		}
		return ""
	}
	switch strings.Join(append([]string{b.Type}, b.Labels[:max(0, len(b.Labels)-1)]...), " ") {
	case "variable":
		for _, inner := range b.Body.Blocks {
			if attributes(inner, "condition").False() {
				c.t.Fatal("the external ID is not valid")
			}
		}
	case "resource aws_iam_role":
		n, _ := attributes(b, "max_session_duration").AsBigFloat().Int64()
		d.Name, d.Path, d.Description, d.Boundary, d.MaxSession = text("name"), text("path"), text("description"), text("permissions_boundary"), int(n)
		d.Trust = value(c.t, text("assume_role_policy"))
		if tags := attributes(b, "tags"); !tags.IsNull() {
			for k, v := range tags.AsValueMap() {
				d.Tags[k] = v.AsString()
			}
		}
		if attributes(b.Body.Blocks[0].Body.Blocks[0], "condition").False() {
			c.t.Fatal("the right account is refused")
		}
	case "resource aws_iam_role_policy":
		if n := attributes(b, "count"); n.IsNull() || n.RawEquals(cty.NumberIntVal(1)) {
			d.Inline[text("name")] = value(c.t, text("policy"))
		}
	case "resource aws_iam_role_policy_attachment":
		for _, arn := range attributes(b, "for_each").AsValueSlice() {
			d.Managed = append(d.Managed, arn.AsString())
		}
	}
}

// fakeAWS is an AWS CLI that writes its arguments down.
func fakeAWS(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := "#!/bin/sh\nif [ \"$2\" = get-caller-identity ]; then echo \"$ACCOUNT\"; exit; fi\n" +
		"for a; do printf '%s\\0' \"$a\"; done >>\"$CALLS\"\nprintf '\\0' >>\"$CALLS\"\n"
	check(t, os.WriteFile(filepath.Join(dir, "aws"), []byte(script), 0o755))
	return dir
}

// scripts are an invitation's, in a directory.
type scripts struct {
	t        *testing.T
	dir, aws string
	terms    *Terms
}

func newScripts(t *testing.T, aws string, x *Terms, files map[string]string) *scripts {
	t.Helper()
	s := &scripts{t, t.TempDir(), aws, x}
	for path, text := range files {
		full := filepath.Join(s.dir, path)
		check(t, os.MkdirAll(filepath.Dir(full), 0o700))
		check(t, os.WriteFile(full, []byte(text), 0o600))
	}
	return s
}

// run runs one with a shell and returns the calls of the AWS CLI.
func (s *scripts) run(shell, script string) (calls [][]string) {
	s.t.Helper()
	record := filepath.Join(s.t.TempDir(), "calls")
	cmd := exec.Command(shell, script)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + s.aws + ":" + os.Getenv("PATH"), "CALLS=" + record, "ACCOUNT=" + s.terms.AccountID}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", shell, script, err, out)
	}
	b, err := os.ReadFile(record)
	check(s.t, err)
	for call := range strings.SplitSeq(strings.TrimSuffix(string(b), "\x00\x00"), "\x00\x00") {
		calls = append(calls, strings.Split(call, "\x00"))
	}
	return calls
}

// role is what the calls leave in the account.
func (s *scripts) role(setup bool) deployed {
	s.t.Helper()
	d := deployed{Inline: map[string]any{}, Tags: map[string]string{}}
	calls := s.run("sh", createFile)
	if !setup {
		calls = append(calls, s.run("bash", finishFile)...)
	}
	for _, call := range calls {
		options := map[string]string{}
		for i := 2; i+1 < len(call); i += 2 {
			options[call[i]] = call[i+1]
		}
		s.apply(&d, call[1], options)
	}
	slices.Sort(d.Managed)
	return d
}

func (s *scripts) apply(d *deployed, verb string, o map[string]string) {
	s.t.Helper()
	switch verb {
	case "create-role":
		n, err := strconv.Atoi(o["--max-session-duration"])
		check(s.t, err)
		d.Name, d.Path, d.Description, d.Boundary, d.MaxSession = o["--role-name"], o["--path"], o["--description"], o["--permissions-boundary"], n
		d.Trust = s.read(o["--assume-role-policy-document"])
		if o["--tags"] != "" {
			for _, tag := range s.read(o["--tags"]).([]any) {
				tag := tag.(map[string]any)
				d.Tags[tag["Key"].(string)] = tag["Value"].(string)
			}
		}
	case "put-role-policy":
		d.Inline[o["--policy-name"]] = s.read(o["--policy-document"])
	case "delete-role-policy":
		delete(d.Inline, o["--policy-name"])
	case "attach-role-policy":
		d.Managed = append(d.Managed, o["--policy-arn"])
	case "detach-role-policy":
		d.Managed = slices.DeleteFunc(d.Managed, func(arn string) bool { return arn == o["--policy-arn"] })
	default:
		s.t.Fatalf("aws iam %s is not expected", verb)
	}
	if o["--role-name"] != s.terms.RoleName {
		s.t.Errorf("aws iam %s: got the role %q", verb, o["--role-name"])
	}
}

func (s *scripts) read(file string) any {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "cli", strings.TrimPrefix(file, "file://")))
	check(s.t, err)
	return value(s.t, string(b))
}
