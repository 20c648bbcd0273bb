package invite

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// lint runs cfn-lint once over all templates, each in regions of its own partition, and fails at any finding.
func lint(t *testing.T, templates map[string]string, options ...string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range templates {
		check(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600))
	}
	cmd := exec.Command("cfn-lint", append(options, "--format", "json", "--", filepath.Join(dir, "*.yaml"))...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var findings []struct {
		Filename, Message string
		Rule              struct{ ID string }
		Location          struct{ Start struct{ LineNumber int } }
	}
	if json.Unmarshal(out, &findings) != nil || err != nil && len(findings) == 0 {
		t.Fatalf("cfn-lint: %v\n%s%s", err, out, &stderr)
	}
	for _, f := range findings {
		name := strings.TrimSuffix(filepath.Base(f.Filename), ".yaml")
		line := strings.Split(templates[name], "\n")[max(0, f.Location.Start.LineNumber-1)]
		t.Errorf("%s: %s %s\n%s", name, f.Rule.ID, f.Message, line)
	}
}

// allRegions are one or two of each partition that cfn-lint knows.
var allRegions = []string{"us-east-1", "eu-west-1", "me-south-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"}

func TestTemplatesLint(t *testing.T) {
	g := seeded(t)
	templates := map[string]string{}
	for i := range 100 { // others each time; cfn-lint takes 0.1 s for one
		templates[strconv.Itoa(i)] = g.terms(t).template()
	}
	lint(t, templates, append([]string{"--regions"}, allRegions...)...)
}

// TestPresetsLint has cfn-lint look at the names of our actions, and at whether each can be on the kind of resource that it is on.
func TestPresetsLint(t *testing.T) {
	templates := map[string]string{}
	add := func(name string, presets, resources []string) {
		p, err := Of(presets, resources)
		check(t, err)
		x := plain(t)
		x.Ongoing = p
		templates[name] = x.template()
	}
	for _, p := range presets {
		if !p.NeedsResource {
			add(p.Name, []string{p.Name}, nil)
		}
		for i, arn := range arns("aws") {
			if r, err := sortResources([]string{arn}); err == nil && r[0].kind.grants[p.Name].on != nil {
				add(p.Name+strconv.Itoa(i), []string{p.Name}, []string{arn})
			}
		}
	}
	if len(templates) < 25 {
		t.Errorf("got %d templates, want one of each preset and kind", len(templates))
	}
	// I3042 wants AWS::Partition in ARNs; ours are for one partition, which is in the trust anyway.
	lint(t, templates, "--include-checks", "I", "--ignore-checks", "I3042", "--regions", "us-east-1", "eu-west-1")
}

// TestLintFinds proves that cfn-lint finds what the tests above find none of.
func TestLintFinds(t *testing.T) {
	x := plain(t)
	x.Ongoing.Policy = strings.Replace(x.Ongoing.Policy, "s3:GetObject", "s3:GetObjekt", 1)
	dir := t.TempDir()
	file := filepath.Join(dir, "template.yaml")
	check(t, os.WriteFile(file, []byte(x.template()), 0o600))
	out, err := exec.Command("cfn-lint", file).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "W3037") {
		t.Errorf("got %v\n%s\nwant a finding of an action that is none", err, out)
	}
}
