package roster

import (
	"strings"
	"testing"
)

// exported has the word canary where something is ours.
const exported = `version = 1
name = "Ac\"me <script> مرحبا"
account_id = "012345678901"
external_id = "canary-id"
environment = "production"
region = "eu-north-1"
source = "canary-source"
default_role = "own"
note = "canary-note"

[role.readonly]
arn = "arn:aws:iam::012345678901:role/ReadOnly"
session_name = "canary-{user}"
tags = { Owner = "canary-tag" }
transitive_tags = ["Owner"]
source_identity = "canary-ana"
policy = '''{"Version":"2012-10-17",
"Statement":[]}'''
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

[role."deploy/eu"]
arn = "arn:aws:iam::012345678901:role/Deploy"
source = "acme/readonly"
external_id = "canary-own"
duration = "30m"
sts_region = "eu-west-1"

[role.own]
own_session = true
source = "canary-source"

[role.far]
arn = "arn:aws:iam::012345678901:role/Far"
source = "canary/other"
`

func TestExport(t *testing.T) {
	settings := settingsText + "[source.canary-source]\ntype = \"imds\"\n"
	other := "version = 1\n[role.other]\narn = \"arn:aws:iam::112233445566:role/O\"\n"
	d := dir(t, map[string]string{"credd.toml": settings, "customers/acme.toml": exported, "customers/canary.toml": other})
	r := Load(d, nil)
	if p := r.Problems(); len(p) > 0 {
		t.Fatal(p)
	}
	got, err := r.Export("acme")
	check(t, err)
	if strings.Contains(got, "canary") {
		t.Errorf("it has what is ours:\n%s", got)
	}
	for _, want := range []string{
		"\nexternal_id = \"\"\n", "# credd role show acme/readonly --show-external-id\n", "# credd role show acme/deploy/eu --show-external-id\n",
		"acme/own is left out", "\"Owner\"", "\nsource = \"acme/readonly\"\n", "\nduration = \"30m\"\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it has no %q:\n%s", want, got)
		}
	}
	for range 20 {
		if again, _ := Load(d, nil).Export("acme"); again != got {
			t.Fatal("it is another each time")
		}
	}

	// A colleague drops it in, and adds what came another way.
	mate := dir(t, map[string]string{"credd.toml": "version = 1\n[source.mine]\ntype = \"imds\"\n[defaults]\nsource = \"mine\"\n", "customers/acme.toml": got})
	if p := Load(mate, nil).Problems(); len(p) == 0 || p[0].Message != "external_id is empty" || !strings.HasPrefix(p[0].Hint, "put in the ID that the customer's trust policy asks for") {
		t.Errorf("without the ID: got %v", p)
	}
	put(t, mate, "customers/acme.toml", strings.ReplaceAll(got, "external_id = \"\"", "external_id = \"told\""))
	theirs := Load(mate, nil)
	if p := theirs.Problems(); len(p) > 0 || len(theirs.Roles()) != 3 {
		t.Fatalf("got %v\n%s", p, got)
	}
	ours, _ := r.Role("acme/readonly")
	role, _ := theirs.Role("acme/readonly")
	deploy, _ := theirs.Role("acme/deploy/eu")
	if role.Policy != ours.Policy || role.PolicyARNs[0] != ours.PolicyARNs[0] || role.Customer.Name != ours.Customer.Name || deploy.Source != "acme/readonly" || deploy.ExternalID.Reveal() != "told" {
		t.Errorf("got %+v, %+v", role, deploy)
	}
	if _, err := r.Export("none"); err == nil {
		t.Error("an unknown customer is exported")
	}
}
