package agent_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/customer/invite"
	"credd/internal/ipc"
)

// What speaks for which cause comes in order of evidence, and none of it claims to know.
func TestCauses(t *testing.T) {
	only := func(names ...string) func(sts.Caller, sts.Request) error {
		return func(by sts.Caller, r sts.Request) error {
			for _, n := range names {
				if strings.HasSuffix(r.RoleARN, "role/"+n) {
					return denied(by, r)
				}
			}
			return nil
		}
	}
	ask := func(roles ...string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			for _, r := range roles {
				w.get(t, r)
			}
		}
	}
	rewrite := func(old, now string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			w.write(t, "customers/acme.toml", strings.Replace(customerText("admin", "ops"), old, now, 1))
			w.agent.Reload()
		}
	}
	for name, tt := range map[string]struct {
		answer func(sts.Caller, sts.Request) error
		change func(*testing.T, *world)
		want   []string // the beginnings, in order, before those that are always there
		hint   string
	}{
		"nothing else is known": {denied, ask(), nil, "It worked before: ask the account's owner"},
		"our own side": {func(sts.Caller, sts.Request) error {
			return deniedByUs
		}, ask(), []string{"our own side: the reason that AWS gives"}, "let source work (who it is: credd source test work) call sts:AssumeRole on arn:aws:iam::012345678901:role/admin"},
		"another external ID here": {denied, rewrite("canary-id", "another"), []string{"a change here: its external ID here changed"}, "customers/acme.toml its external ID here changed since it last worked"},
		"another ARN here":         {denied, rewrite("role/admin", "role/Admin"), []string{"a change here: its ARN here changed"}, "its ARN here changed"},
		"all of the source":        {denied, ask("globex/admin", "acme/ops"), []string{"our own side: all roles that source work was asked for are denied, of other customers too (3)"}, "look at our side first: credd source test work"},
		"this role alone":          {only("admin"), ask("acme/ops"), []string{"this role alone: acme/ops of the same customer worked at "}, "It worked before: ask the account's owner"},
		"all of the customer":      {only("admin", "ops"), ask("acme/ops"), []string{"the customer as a whole: all its roles that were asked for are denied (2)"}, "All roles of acme that were asked for are denied"},
		"another customer is denied, and a third worked before": {only("admin"), ask("globex/admin"), []string{"our own side: source work is denied roles of other customers too (1), and none was seen"}, "It worked before: ask the account's owner"},
		"the customer, and the source works": {func(by sts.Caller, r sts.Request) error {
			if r.AccountID == "012345678901" {
				return denied(by, r)
			}
			return nil
		}, ask("initech/admin"), []string{"the customer's side: source work works with initech/admin"}, "It worked before"},
		"a role of the customer is denied, and another worked before": {only("admin", "dev"), ask("acme/dev"), nil, "It worked before: ask the account's owner"},
		"the invitation is over": {denied, func(t *testing.T, w *world) {
			w.invited(t, invite.Terms{Customer: "acme", Role: "admin", Until: w.clock().Add(-time.Minute)})
		}, []string{"the invitation was until "}, "To go on invite the customer again"},
		"the invitation asks for MFA": {denied, func(t *testing.T, w *world) {
			w.invited(t, invite.Terms{Customer: "acme", Role: "admin", MFA: true, Until: w.clock().Add(time.Hour)})
		}, []string{"MFA: the invitation asks for it, and source work has none"}, "source work has none"},
		"another role's invitation": {denied, func(t *testing.T, w *world) {
			w.invited(t, invite.Terms{Customer: "acme", Role: "ops", MFA: true})
		}, nil, "It worked before"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{
				"credd.toml": settings, "customers/acme.toml": customerText("admin", "ops"), "customers/globex.toml": customerText("admin"),
				"customers/initech.toml": strings.ReplaceAll(customerText("admin"), "012345678901", "112345678901"),
			})
			for _, r := range []string{"acme/admin", "acme/ops"} {
				if _, e := w.get(t, r); e != nil {
					t.Fatal(e)
				}
			}
			w.aws.set(tt.answer)
			w.advance(2 * time.Hour)
			w.get(t, "acme/admin")
			w.advance(time.Minute)
			tt.change(t, w)
			w.advance(time.Minute)
			w.agent.Reload()
			_, e := w.get(t, "acme/admin")
			if !has(e, ipc.Denied, tt.hint) || strings.Count(e.Hint, ". ") > 1 {
				t.Errorf("got %+v", e)
			}
			st := w.status(t)
			i := slices.IndexFunc(st.Failing, func(f api.Failure) bool { return f.Role == "acme/admin" })
			if i < 0 {
				t.Fatalf("got %+v", st.Failing)
			}
			causes := st.Failing[i].Causes
			want := append(slices.Clone(tt.want), "a change since ", "AWS gives one answer for all of these: the role is not there, or its trust policy does not name source work, or has another external ID than ")
			if name == "our own side" { // which AWS tells
				want = tt.want
			}
			if len(causes) != len(want) {
				t.Fatalf("got %q", causes)
			}
			for i, w := range want {
				if !strings.HasPrefix(causes[i], w) {
					t.Errorf("got %q, want %q", causes[i], w)
				}
			}
			if strings.Contains(strings.Join(causes, " ")+e.Hint, "canary-id") {
				t.Errorf("an external ID is in %q", causes)
			}
		})
	}
}

// Where all of many roles are denied, each has its causes in a status, also those that are not weighed anew for it.
func TestCausesOfMany(t *testing.T) {
	var roles []string
	for i := range 150 {
		roles = append(roles, fmt.Sprintf("r%03d", i))
	}
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText(roles...)})
	w.aws.set(denied)
	for _, r := range roles {
		w.get(t, "acme/"+r)
	}
	failing := w.status(t).Failing
	if len(failing) != len(roles) {
		t.Errorf("got %d", len(failing))
	}
	for _, f := range failing {
		if n := len(f.Causes); n == 0 || !strings.HasPrefix(f.Causes[n-1], "AWS gives one answer for all of these: ") {
			t.Errorf("%s: got %q", f.Role, f.Causes)
		}
	}
}

func (w *world) invited(t *testing.T, terms invite.Terms) {
	t.Helper()
	if err := customer.Invite(filepath.Join(w.dir, "state"), terms); err != nil {
		t.Fatal(err)
	}
}

// A role that was invited and never worked may not be there yet, also after a verification that failed.
func TestCausesOfAnInvitedRole(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.invited(t, invite.Terms{Customer: "acme", Role: "admin", Invited: w.clock()})
	w.aws.set(denied)
	_, e := w.get(t, "acme/admin")
	if !has(e, ipc.Denied, "once the customer has deployed it: credd customer verify acme/admin") {
		t.Errorf("got %+v", e)
	}
	failing := w.status(t).Failing
	if len(failing) != 1 {
		t.Fatalf("got %+v", failing)
	}
	for i, want := range []string{"an invitation that is not deployed yet: it is of ", "a role that was never there for us", "AWS gives one answer"} {
		if got := failing[0].Causes; len(got) != 3 || !strings.HasPrefix(got[i], want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
