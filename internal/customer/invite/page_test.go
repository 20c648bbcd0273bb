package invite

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
)

const pageID = "CANARY7EXTERNAL3ID5PLAIN2A"

// exampleTerms use everything that a page can tell.
func exampleTerms() *Terms {
	return &Terms{
		Service: "northwind", ServiceAccount: "210987654321", Customer: "acme", CustomerName: "Acme Corp", AccountID: "012345678901",
		Partition: "aws", Role: "data", RoleName: "NorthwindData", Path: "/northwind/",
		Principals: []string{"arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_CustomerAccess_*"},
		Ongoing: Permissions{
			Presets: []string{"data", "monitoring"}, Managed: []string{"CloudWatchReadOnlyAccess"},
			Policy: `{"Version":"2012-10-17","Statement":[{"Sid":"Objects","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::acme-reports/*"}]}`,
			Plain: []string{"May read and write the objects of the bucket acme-reports.", "May read metrics, alarms, dashboards and logs of CloudWatch.",
				"May never delete the bucket acme-reports."},
		},
		Setup: &Permissions{
			Policy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutLifecycleConfiguration","Resource":"arn:aws:s3:::acme-reports"}}`,
			Plain:  []string{"May set how long objects of the bucket acme-reports are kept."},
		},
		MaxSession: time.Hour, SourceIPs: []string{"192.0.2.0/24", "2001:db8::/48"}, Until: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC),
		SessionTags: true, SourceIdentity: true, SelfCheck: true, Region: "eu-west-1", Stack: "northwind-access",
		TemplateURL: "https://northwind-templates.s3.eu-west-1.amazonaws.com/acme.yaml", Invited: time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC),
	}
}

// exampleFacts are those of exampleTerms.
func exampleFacts() *pageFacts { return factsOf(exampleTerms()) }

// factsOf are facts of terms that need not pass Check.
func factsOf(t *Terms) *pageFacts {
	three := func(text string) []Command {
		return []Command{{"CloudFormation", "aws cloudformation " + text}, {"Terraform", "terraform " + text}, {"AWS CLI", "sh " + text}}
	}
	template := "# What northwind asks for.\nAWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n" +
		strings.Repeat("      # Who may assume the role, from where, and with which external ID; see the invitation for what each line is for.\n", 30)
	f := &pageFacts{
		Terms: t, ID: pageID, RoleARN: "arn:" + t.Partition + ":iam::" + t.AccountID + ":role" + t.Path + t.RoleName,
		Trust:       `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"` + pageID + `"}}}]}`,
		QuickCreate: "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/quickcreate?stackName=northwind-access&param_ExternalId=" + pageID,
		FinishSetup: three("update"), End: three("delete"), Revoke: []Command{{"AWS CLI", "aws iam put-role-policy --role-name NorthwindData"}},
	}
	f.Ways = t.ways([]File{
		{TemplateFile, []byte(template), 0o644},
		{"parameters.json", []byte("[\n  {\"ParameterKey\": \"ExternalId\", \"ParameterValue\": \"" + pageID + "\"}\n]\n"), 0o600},
		{"terraform/main.tf", []byte("resource \"aws_iam_role\" \"northwind\" {\n}\n"), 0o644},
		{"terraform/terraform.tfvars", []byte("external_id = \"" + pageID + "\"\n"), 0o600},
		{"cli/create.sh", []byte("#!/bin/sh\nset -eu\naws iam create-role\n"), 0o755},
		{"cli/trust.json", []byte(`{"id":"` + pageID + `"}`), 0o600},
		{"cli/delete.sh", []byte("#!/bin/sh\n"), 0o755},
	}, three("create"))
	return f
}

// parsed is a page as a browser sees it.
func parsed(t *testing.T, f *pageFacts) *html.Node {
	t.Helper()
	page := f.html()
	if !utf8.Valid(page) {
		t.Error("the page is not UTF-8")
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// prose is what a page says, blanks aside.
func prose(n *html.Node) string { return strings.Join(strings.Fields(content(n)), " ") }

// shape is all of a page but its texts: elements, the names of their attributes, and the values that no name is in.
func shape(n *html.Node) (lines []string) {
	for d := range n.Descendants() {
		switch d.Type {
		case html.ElementNode:
			line := d.Data
			for _, a := range d.Attr {
				line += " " + a.Key
				switch a.Key {
				case "href", "download", "aria-label":
				default:
					line += "=" + a.Val
				}
			}
			if line != "span class=word" { // as many as a command has
				lines = append(lines, line)
			}
		case html.CommentNode:
			lines = append(lines, "<!--"+d.Data)
		}
	}
	return lines
}

// Only an https link is one.
func TestPageLinksNoScript(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"javascript:window.hacked=1", "http://console.example/", "data:text/html,x", "//evil.example", ""} {
		f := exampleFacts()
		f.QuickCreate = link
		for d := range parsed(t, f).Descendants() {
			if href := attr(d, "href"); href == link && d.Data == "a" && href != "" {
				t.Errorf("there is a link to %q", href)
			}
		}
	}
}

// The external ID is nowhere but in folds that a print leaves out, in files to save, and in the console's link.
func TestPageHidesTheExternalID(t *testing.T) {
	t.Parallel()
	root := parsed(t, exampleFacts())
	found := 0
	for d := range root.Descendants() {
		for _, a := range d.Attr {
			if strings.Contains(a.Val, pageID) && !(d.Data == "a" && a.Key == "href") {
				t.Errorf("the external ID is in %s of <%s>", a.Key, d.Data)
			}
		}
		if d.Type != html.TextNode || !strings.Contains(d.Data, pageID) {
			continue
		}
		found++
		folded, left := false, false
		for up := range d.Ancestors() {
			folded = folded || up.Data == "details" && attr(up, "class") == ""
			left = left || strings.Contains(attr(up, "class"), "holds-id")
		}
		if !folded || !left {
			t.Errorf("the external ID is in the open: %q", d.Data)
		}
	}
	if found < 5 { // alone twice, trust, parameters, tfvars
		t.Errorf("the external ID is on the page %d times", found)
	}
}

// What is saved is the file, byte for byte, and what is copied too.
func TestPageFiles(t *testing.T) {
	t.Parallel()
	f := exampleFacts()
	root := parsed(t, f)
	saved, shown := map[string]string{}, map[string]bool{}
	for d := range root.Descendants() {
		if name := attr(d, "download"); name != "" {
			data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(attr(d, "href"), "data:application/octet-stream;base64,"))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			saved[name] = string(data)
		}
		if d.Data == "code" && attr(d, "id") != "" {
			shown[content(d)] = true
		}
	}
	for _, way := range f.Ways {
		for _, step := range way.Steps {
			for _, file := range step.Files {
				if got, want := saved[file.Path], string(file.Data); got != want || !shown[want] {
					t.Errorf("%s: %s is saved as %q, want %q; shown: %v", way.ID, file.Path, got, want, shown[want])
				}
			}
		}
	}
	for _, text := range []string{f.ID, f.Trust, f.End[1].Text, f.FinishSetup[0].Text, f.Revoke[0].Text} {
		if !shown[text] {
			t.Errorf("not to be copied: %q", text)
		}
	}
}

// The page says what the terms are, and nothing that they are not.
func TestPageTells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change    func(*Terms)
		says, not []string
	}{
		"all of it": {func(*Terms) {}, []string{
			"northwind asks for access to your AWS account", "AWS account 210987654321", "Acme Corp AWS account 012345678901",
			"A session ends by itself after 1 hour at most. There are no new ones after 1 March 2027, 00:00 UTC.",
			"Read and write the objects of the bucket acme-reports.", "Never delete the bucket acme-reports.", "And more.", "At first also what setting up needs.",
			"arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess", "iam:SimulatePrincipalPolicy", "The setup permissions",
			"192.0.2.0/24", "2001:db8::/48", "IAM Identity Center makes such a role", "Do not remove it.", "sts:TagSession", "sts:SetSourceIdentity",
			"CloudFormation opens in region eu-west-1", "Name the stack northwind-access", "Leave SetupPermissions at On", "terraform create",
			"A request that AWS refuses is in our CloudTrail, not in yours.", "sh delete", "before you delete the role",
			"arn:aws:iam::012345678901:role/northwind/NorthwindData",
		}, []string{"very wide", "has one already"}},
		"one phase, no end": {func(t *Terms) { t.Setup, t.Until = nil, time.Time{} }, []string{
			"There are new ones until you end it.", "The role itself has no end date"},
			[]string{"The setup permissions", "At first", "SetupPermissions", "2027"}},
		"a link":        {func(*Terms) {}, []string{"Open in the AWS console"}, nil},
		"twelve hours":  {func(t *Terms) { t.MaxSession = 12 * time.Hour }, []string{"ends by itself after 12 hours at most"}, []string{"1 hour"}},
		"ninety":        {func(t *Terms) { t.MaxSession = 90 * time.Minute }, []string{"after 90 minutes at most"}, nil},
		"one principal": {func(t *Terms) { t.Exact, t.Principals = true, []string{"arn:aws:iam::210987654321:role/ops"} }, []string{"This identity and no other: arn:aws:iam::210987654321:role/ops"}, []string{"stands for"}},
		"patterns":      {func(t *Terms) { t.Principals = []string{"arn:aws:iam::210987654321:role/ops-*"} }, []string{"* stands for any characters"}, []string{"Identity Center makes"}},
		"anywhere":      {func(t *Terms) { t.SourceIPs = nil }, []string{"From any network address."}, []string{"our own network addresses"}},
		"MFA":           {func(t *Terms) { t.MFA = true }, []string{"only those who have proved a second factor (MFA)"}, []string{"does not ask for one"}},
		"boundary":      {func(t *Terms) { t.Boundary = "arn:aws:iam::012345678901:policy/cap" }, []string{"This role has one already: arn:aws:iam::012345678901:policy/cap", "Go beyond the permissions boundary"}, []string{"YOUR-BOUNDARY"}},
		"no link":       {func(t *Terms) { t.TemplateURL = "" }, []string{"Open the CloudFormation console in region eu-west-1"}, []string{"Open in the AWS console"}},
		"no marks":      {func(t *Terms) { t.SessionTags, t.SourceIdentity, t.SelfCheck = false, false, false }, nil, []string{"Labels of sessions", "SimulatePrincipalPolicy"}},
		"setup alone":   {func(t *Terms) { t.Ongoing = Permissions{} }, []string{"Nothing, once the setup is done.", "All the time Nothing."}, []string{"What the policy below says"}},
		"no sentences":  {func(t *Terms) { t.Ongoing.Plain = nil }, []string{"What the policy below says."}, nil},
		"no full name":  {func(t *Terms) { t.CustomerName = "" }, []string{"Invitation for acme"}, nil},
		"China":         {func(t *Terms) { t.Partition = "aws-cn" }, []string{"arn:aws-cn:iam::aws:policy/CloudWatchReadOnlyAccess"}, []string{"arn:aws:iam::aws:policy"}},
		"administrator": {func(t *Terms) { t.Ongoing.Managed = []string{"AdministratorAccess"} }, []string{"These permissions are very wide."}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			terms := exampleTerms()
			c.change(terms)
			f := factsOf(terms)
			if terms.TemplateURL == "" {
				f.QuickCreate = ""
			}
			for d := range parsed(t, f).Descendants() {
				if d.Data != "body" {
					continue
				}
				got := prose(d)
				for _, s := range c.says {
					if !strings.Contains(got, s) {
						t.Errorf("not said: %q", s)
					}
				}
				for _, s := range c.not {
					if strings.Contains(got, s) {
						t.Errorf("said: %q", s)
					}
				}
			}
		})
	}
}

func TestWidePermissions(t *testing.T) {
	t.Parallel()
	policy := func(statement string, args ...any) Permissions {
		return Permissions{Policy: `{"Version":"2012-10-17","Statement":` + fmt.Sprintf(statement, args...) + `}`}
	}
	for name, c := range map[string]struct {
		p    Permissions
		want bool
	}{
		"a bucket":           {policy(`[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]`), false},
		"all":                {policy(`[{"Effect":"Allow","Action":["s3:Get*","*"],"Resource":"*"}]`), true},
		"one statement":      {policy(`{"Effect":"Allow","Action":"*","Resource":"*"}`), true},
		"all of IAM":         {policy(`[{"Effect":"Allow","Action":"IAM:*","Resource":"*"}]`), true},
		"all but":            {policy(`[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]`), true},
		"all of a bucket":    {policy(`[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::acme/*"}]`), false},
		"to itself":          {policy(`[{"Effect":"Allow","Action":["iam:Put*"],"Resource":"*"}]`), true},
		"denied":             {policy(`[{"Effect":"Deny","Action":"*","Resource":"*"}]`), false},
		"AWS's own":          {Permissions{Managed: []string{"ReadOnlyAccess"}}, false},
		"AWS's own, mighty":  {Permissions{Managed: []string{"ReadOnlyAccess", "PowerUserAccess"}}, true},
		"none":               {Permissions{}, false},
		"cannot be read":     {Permissions{Policy: "{"}, false},
		"of an unknown form": {policy(`7`), false},
	} {
		if got := c.p.wide(); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
