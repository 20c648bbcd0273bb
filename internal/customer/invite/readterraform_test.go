package invite

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

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
