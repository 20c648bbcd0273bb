package agent_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

// reaches are all management requests: whether a guest may make them.
var reaches = map[string]bool{
	api.DoStatus: true, api.DoNames: true, api.DoRoster: true, api.DoAudit: true, api.DoRefresh: true, api.DoForget: true, api.DoTest: true,
	api.DoReload: false, api.DoLogin: false, api.DoLogout: false, api.DoStoreKey: false, api.DoRotate: false, api.DoDropKey: false,
	api.DoAccounts: false, api.DoKeep: false, api.DoKept: false, api.DoKeyID: false, api.DoTryKey: false, api.DoVerify: false, api.DoAlive: false,
}

// doConstants are the requests that package api has, by its source.
func doConstants(t *testing.T) (out []string) {
	t.Helper()
	files, err := filepath.Glob("api/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && len(v.Values) == 1 && strings.HasPrefix(v.Names[0].Name, "Do") {
				if lit, ok := v.Values[0].(*ast.BasicLit); ok {
					out = append(out, strings.Trim(lit.Value, `"`))
				}
			}
			return true
		})
	}
	return out
}

func TestWhoMayMakeWhichRequest(t *testing.T) {
	all := doConstants(t)
	if len(all) < 19 || len(all) != len(reaches) {
		t.Errorf("got %d requests in the source, %d here", len(all), len(reaches))
	}
	w, _ := newSystem(t, systemFiles)
	const closed = "only the administrator of this machine's credd may do that"
	for name, u := range map[string]*user{
		"root": w.as(t, 0, 0), "credd": w.as(t, daemonUID, daemonUID), "ana": w.as(t, anaUID, anaUID), "eve": w.as(t, eveUID, eveUID),
	} {
		for _, do := range all {
			open, known := reaches[do]
			if !known {
				t.Errorf("%s has no row here: may a guest make it?", do)
			}
			r := u.call(api.Request{Do: do, Name: "acme/admin"})
			isClosed := r.Code == ipc.Refused && r.Error == closed
			if want := !open && name != "root" && name != "credd"; isClosed != want {
				t.Errorf("%s: %s: got %v, want it closed: %v", name, do, r, want)
			}
			if isClosed && !strings.HasPrefix(r.Hint, "as root: sudo credd --system ") {
				t.Errorf("%s: got the hint %s", do, r.Hint)
			}
		}
		if r := u.call(api.Request{Do: "something-new", Name: "acme/admin"}); r.Code != ipc.Usage {
			t.Errorf("%s: an unknown request: got %v", name, r)
		}
	}
}
