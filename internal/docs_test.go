package internal

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are what people read, by path below the module.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../docs/*.md")
	if err != nil || len(files) < 8 {
		t.Fatalf("got %v, %v; want the documents", files, err)
	}
	texts := map[string]string{}
	for _, f := range append(files, "../README.md", "../CONTRIBUTING.md") {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimPrefix(f, "../")] = string(b)
	}
	return texts
}

// blocks are the parts of a document in a language.
func blocks(text, language string) (all []string) {
	for _, part := range strings.Split(text, "\n```"+language+"\n")[1:] {
		part, _, _ = strings.Cut(part, "\n```")
		all = append(all, part)
	}
	return all
}

func TestLinksOfDocuments(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code := regexp.MustCompile("(?ms)^```.*?^```$")
	n := 0
	for file, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.HasPrefix(to, "https://") {
				continue
			}
			n++
			target := file
			if to != "" {
				target = filepath.Join(filepath.Dir(file), to)
			}
			b, err := os.ReadFile(filepath.Join("..", target))
			if info, serr := os.Stat(filepath.Join("..", target)); serr != nil || err != nil && !info.IsDir() {
				t.Errorf("%s: no %s", file, m[1])
			}
			if anchor != "" && !slices.Contains(anchors(string(b)), anchor) {
				t.Errorf("%s: no heading for %s", file, m[1])
			}
		}
	}
	if n < 10 {
		t.Errorf("found %d links", n)
	}
}

// anchors are what GitHub makes of the headings.
func anchors(text string) (all []string) {
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	other := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.ReplaceAll(other.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

// What a document says is tested by a test, is.
func TestTestsThatDocumentsNameExist(t *testing.T) {
	var code strings.Builder
	for _, dir := range []string{".", "../cmd", "../bench"} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			code.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	n := 0
	for file, text := range documents(t) {
		for _, m := range name.FindAllStringSubmatch(text, -1) {
			n++
			if !strings.Contains(code.String(), "\nfunc "+m[1]+"(") {
				t.Errorf("%s: there is no %s", file, m[1])
			}
		}
	}
	if n < 20 {
		t.Errorf("found %d names of tests", n)
	}
}

// Paths that promises name are there.
func TestPathsThatPromisesNameExist(t *testing.T) {
	path := regexp.MustCompile("`((?:internal|cmd|bench|docs)/[A-Za-z0-9_./-]+)`")
	found := path.FindAllStringSubmatch(documents(t)["docs/promises.md"], -1)
	for _, m := range found {
		if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
			t.Errorf("there is no %s", m[1])
		}
	}
	if len(found) < 5 {
		t.Errorf("found %d paths", len(found))
	}
}

// policies are the JSON blocks that are policies, and the ones within commands.
func policies(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	inline := regexp.MustCompile(`'(\{"Version":.*\})'`)
	for file, text := range documents(t) {
		for _, b := range blocks(text, "json") {
			var v any
			if err := json.Unmarshal([]byte(b), &v); err != nil {
				t.Errorf("%s: %v in\n%s", file, err, b)
				continue
			}
			if m, ok := v.(map[string]any); ok && m["Statement"] != nil {
				all[file] = append(all[file], b)
			}
		}
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			one := regexp.MustCompile(`'"\$\([^)]*\)"'`).ReplaceAllString(m[1], "2026-11-03T09:12:44Z")
			if !json.Valid([]byte(one)) {
				t.Errorf("%s: not JSON: %s", file, one)
			}
			all[file] = append(all[file], one)
		}
	}
	return all
}

// AWS would take the policies of the documents: cfn-lint finds nothing in a template that has them.
func TestPoliciesOfDocuments(t *testing.T) {
	all := policies(t)
	if len(all["docs/for-customers.md"]) != 5 {
		t.Errorf("got %d policies, want 5", len(all["docs/for-customers.md"]))
	}
	n := 0
	resources := map[string]any{}
	for _, file := range slices.Sorted(maps.Keys(all)) {
		for _, text := range all[file] {
			var policy map[string]any
			if err := json.Unmarshal([]byte(text), &policy); err != nil {
				t.Fatal(err)
			}
			n++
			resources["Policy"+string(rune('A'+n))] = resourceOf(t, policy)
		}
	}
	template, err := json.Marshal(map[string]any{"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "policies.json")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cfn-lint", path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// resourceOf is a resource of CloudFormation with the policy. What is for an organization has the grammar of an identity's, but for the
// principal of a resource control policy, which is always "*"; cfn-lint does not look into it where it belongs.
func resourceOf(t *testing.T, policy map[string]any) map[string]any {
	statements, _ := policy["Statement"].([]any)
	for _, s := range statements {
		if who, ok := s.(map[string]any)["Principal"]; ok && who != "*" {
			t.Errorf("principal %v", who)
		}
		delete(s.(map[string]any), "Principal")
	}
	return map[string]any{"Type": "AWS::IAM::ManagedPolicy", "Properties": map[string]any{"PolicyDocument": policy}}
}
