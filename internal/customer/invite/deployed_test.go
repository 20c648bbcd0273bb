package invite

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
	for range 30 { // others each time
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
