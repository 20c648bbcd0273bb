package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"credd/internal/doctor"
)

func TestDocsHoldTheChecks(t *testing.T) {
	text, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, checks []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z]+\\.[a-z-]+)` \\| [^|]+ \\| [^|]+ \\|$").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, m[1])
	}
	for _, c := range doctor.Checks {
		checks = append(checks, string(c.ID))
	}
	if !slices.Equal(documented, checks) {
		t.Errorf("documented are\n%q, and there are\n%q", documented, checks)
	}
	source, err := os.ReadFile("../doctor/checks.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), " ID = \""); n != len(checks) {
		t.Errorf("there are %d IDs and %d checks", n, len(checks))
	}
}

// wrongCommands returns the commands of a remedy that the command tree does not have, with their flags.
func wrongCommands(root *cobra.Command, remedy string) (wrong []string) {
	for _, m := range regexp.MustCompile(`(?:^|[^#][\s(])credd ([^,;:()|"]+)`).FindAllStringSubmatch(remedy, -1) {
		words := strings.Fields(strings.SplitN(m[1], "  ", 2)[0])
		of := root
		for len(words) > 0 {
			next := slices.IndexFunc(of.Commands(), func(c *cobra.Command) bool { return c.Name() == words[0] })
			if next < 0 {
				break
			}
			of, words = of.Commands()[next], words[1:]
		}
		if of == root {
			wrong = append(wrong, m[0])
			continue
		}
		of.InitDefaultHelpFlag()
		for _, w := range words {
			if w == "--" {
				break
			}
			if name, ok := strings.CutPrefix(w, "--"); ok && of.Flag(name) == nil {
				wrong = append(wrong, m[0])
			}
		}
		if of.HasSubCommands() && !slices.Contains(words, "--help") {
			wrong = append(wrong, m[0])
		}
	}
	return wrong
}

func TestWrongCommandsAreSeen(t *testing.T) {
	root := newRootCmd(&Streams{})
	for remedy, want := range map[string]bool{
		"credd login work": false, "credd dance": true, "see: credd source test": false, "credd source": true, "credd import --keys --only x": false,
		"credd import --dance": true, "credd init": false, "credd exec ROLE -- terraform --whatever": false, `eval "$(credd shell-init zsh --prompt)"`: false,
		"credd role add x --help, or not": false, "install bin/credd bin/credhelper": false, "kill 1  (or credd nothing)": true,
	} {
		if got := wrongCommands(root, remedy) != nil; got != want {
			t.Errorf("%s: got %v", remedy, wrongCommands(root, remedy))
		}
	}
}

// Every remedy that stands in the code names commands that there are. Those that the daemon gives are looked at in package e2e.
func TestRemediesAreCommands(t *testing.T) {
	files, err := filepath.Glob("../doctor/*.go")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob("doctor*.go")
	if err != nil {
		t.Fatal(err)
	}
	root := newRootCmd(&Streams{})
	seen := 0
	for _, path := range append(files, own...) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range remedies(f) {
			seen++
			for _, w := range wrongCommands(root, text) {
				t.Errorf("%s: %q of %q", path, w, text)
			}
		}
	}
	if seen < 60 {
		t.Errorf("saw only %d texts", seen)
	}
}

// remedies are the texts of a file that are part of a remedy: the last argument of what adds a finding, Remedy: …, and what
// variables and functions of those names hold.
func remedies(f *ast.File) (texts []string) {
	collect := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					texts = append(texts, s)
				}
			}
			return true
		})
	}
	adds := []string{"Warn", "Fail", "Skip", "about", "unread"}
	named := []string{"remedy", "install", "move", "again", "startup"}
	funcs := []string{"mend", "write", "restart", "starts", "aboutNote", "aboutWarning", "setClock"}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains(adds, s.Sel.Name) && len(n.Args) > 2 {
				collect(n.Args[len(n.Args)-1])
			}
		case *ast.KeyValueExpr:
			if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Remedy" {
				collect(n.Value)
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if id, ok := to.(*ast.Ident); ok && slices.Contains(named, id.Name) {
					collect(n.Rhs[min(i, len(n.Rhs)-1)])
				}
			}
		case *ast.ValueSpec:
			if slices.Contains(named, n.Names[0].Name) {
				for _, v := range n.Values {
					collect(v)
				}
			}
		case *ast.FuncDecl:
			if slices.Contains(funcs, n.Name.Name) {
				collect(n.Body)
			}
		}
		return true
	})
	return texts
}
