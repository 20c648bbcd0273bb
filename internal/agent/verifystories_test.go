package agent_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/agent/iam"
	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/customer/invite"
	"credd/internal/customer/verify"
	"credd/internal/fakeaws"
	"credd/internal/ipc"
)

// line is what an audit entry says of a try.
func line(e audit.Entry) string {
	session := ""
	if e.AccessKeyID != "" {
		session = " with a session"
	}
	return strings.TrimRight(fmt.Sprintf("%s %s from %s%s %s", e.Role, e.Outcome, e.From, session, e.Error), " ")
}

func (w *trialWorld) lines() (all []string) {
	w.trail.mu.Lock()
	defer w.trail.mu.Unlock()
	for _, e := range w.trail.entries {
		all = append(all, line(e))
	}
	return all
}

func TestEachTryIsInTheAuditLog(t *testing.T) {
	w := newTrialWorld(t, trialRole{})
	w.one("acme/readonly")
	ok := "acme/readonly ok from verify with a session"
	long := "acme/readonly config from verify verification, session of %s: AWS refuses the request (ValidationError): The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	want := []string{
		ok,
		"acme/readonly denied from verify verification, without an external ID: denied by AWS",
		"acme/readonly denied from verify verification, with another external ID: denied by AWS",
		ok, // again
		ok, // to look at the role
		fmt.Sprintf(long, "7 h"), fmt.Sprintf(long, "4 h"), fmt.Sprintf(long, "2 h"),
	}
	if diff := cmp.Diff(want, w.lines()); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	if e := w.trail.last(); e.PID == 0 || e.Time.IsZero() || e.RequestID == "" || e.Exe == "" {
		t.Errorf("got %+v", e)
	}
	if n := w.aws.Calls("AssumeRole"); n != len(want) {
		t.Errorf("got %d calls for %d lines", n, len(want))
	}
}

func TestAnOpenRoleGivesNothing(t *testing.T) {
	w := newTrialWorld(t, trialRole{})
	w.role(acmeRole, fakeaws.TrustPolicy("*", ""), func(r *fakeaws.Role) { r.Policies = map[string]string{"all": fakeaws.Administrator} })
	if r := w.one("acme/readonly"); r.Verdict != verify.Open {
		t.Fatalf("got %s", brief(r))
	}
	if lines := w.lines(); !slices.Contains(lines, "acme/readonly ok from verify with a session verification, without an external ID: works, and should not; this session may do nothing") {
		t.Errorf("got %s", strings.Join(lines, "\n"))
	}
	seen := map[string]int{}
	http := sts.NewHTTP()
	defer http.Close()
	for _, g := range w.spy.got {
		kind := "wrong"
		switch {
		case g.request.ExternalID.IsZero():
			kind = "none"
		case g.request.ExternalID.Reveal() == acmeCanary:
			kind = "right"
		}
		_, err := iam.New(http, w.now).Role(t.Context(), iam.Caller{Session: g.session, ARN: acmeRole, URL: w.aws.URL()}, "ReadOnly")
		if may := err == nil; kind != "right" && may {
			t.Errorf("the session that came %s an external ID may read the role", kind)
		} else if kind == "right" && may {
			kind = "right, of use"
		}
		if kind != "right, of use" && g.request.Duration != 15*time.Minute && !strings.Contains(g.request.Policy, `"Deny"`) {
			t.Errorf("got a session of %v by a request %s an external ID", g.request.Duration, kind)
		}
		seen[kind]++
	}
	if seen["none"] == 0 || seen["wrong"] == 0 || seen["right, of use"] == 0 {
		t.Errorf("got sessions %v; the test proves nothing", seen)
	}
}

func TestWrongIDsAreNobodys(t *testing.T) {
	w := newTrialWorld(t, trialRole{})
	w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, ""))
	w.one("acme/readonly")
	w.one("acme/readonly")
	wrong := map[string]bool{}
	for _, g := range w.spy.got {
		if id := g.request.ExternalID.Reveal(); id != "" && id != acmeCanary {
			wrong[id] = true
			if len(id) < 26 {
				t.Errorf("a wrong external ID has %d characters", len(id))
			}
		}
	}
	if len(wrong) != 2 {
		t.Errorf("got %d wrong external IDs in two verifications, want a new one in each", len(wrong))
	}
}

const terms = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%s,"Resource":"*"}]}`

const lookAtItself = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}`

func TestTheRoleLooksAtItself(t *testing.T) {
	invited := invite.Terms{
		Customer: "acme", AccountID: "012345678901", Partition: "aws", Role: "readonly", RoleName: "ReadOnly", Path: "/northwind/", SelfCheck: true,
		Ongoing: invite.Permissions{Policy: fmt.Sprintf(terms, `["s3:GetObject","s3:ListBucket"]`)},
		Setup:   &invite.Permissions{Policy: fmt.Sprintf(terms, `["s3:CreateBucket","s3:GetObject"]`)},
	}
	narrow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + ourAccount + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"` + acmeCanary + `"},"ArnLike":{"aws:PrincipalArn":["` + ourUser + `"]}}}]}`
	for name, tt := range map[string]struct {
		trust   string
		allowed []string
		want    string // after the proof
		summary string
	}{
		"as invited, after setup": {
			narrow, []string{lookAtItself, fmt.Sprintf(terms, `"s3:Get*"`), fmt.Sprintf(terms, `"s3:ListBucket"`)},
			"ok trust: the trust policy lets in 1 principal of our account; requires the external ID\nok setup: setup permissions are off: none is allowed (1 action tried)\n" +
				"ok permissions: the role's policies allow what was asked for (2 actions tried)\nok longest-session: sessions of up to 2 h\n", "",
		},
		"setup still on, and something is missing": {
			narrow, []string{lookAtItself, fmt.Sprintf(terms, `["s3:CreateBucket","s3:GetObject"]`)},
			"ok trust: the trust policy lets in 1 principal of our account; requires the external ID\n" +
				"note setup: setup permissions are still on (s3:CreateBucket): credd customer finish-setup acme\n" +
				"failed permissions: the role's policies do not allow s3:ListBucket\nok longest-session: sessions of up to 2 h\n", "",
		},
		"it may read itself only": {
			narrow, []string{fmt.Sprintf(terms, `"iam:GetRole"`)},
			"ok trust: the trust policy lets in 1 principal of our account; requires the external ID\n" +
				"unknown setup: whether setup permissions are still on: not visible from outside: the role may not look at itself, though the invitation asked for that\n" +
				"unknown permissions: what the role may do: not visible from outside: the role may not look at itself, though the invitation asked for that\n" +
				"ok longest-session: sessions of up to 2 h\n", "",
		},
		"it may not": {
			narrow, []string{fmt.Sprintf(terms, `"s3:GetObject"`)},
			"unknown trust: whom the trust policy lets in: not visible from outside: the role may not look at itself, though the invitation asked for that\n" +
				"unknown setup: whether setup permissions are still on: not visible from outside: the role may not look at itself, though the invitation asked for that\n" +
				"unknown permissions: what the role may do: not visible from outside: the role may not look at itself, though the invitation asked for that\n" +
				"ok longest-session: sessions of at least 2 h, less than 3 h\n", "",
		},
		"everyone": {
			fakeaws.TrustPolicy("*", acmeCanary), []string{lookAtItself, fmt.Sprintf(terms, `"s3:*"`)},
			"failed trust: the trust policy lets in everyone (*), not our account alone; requires the external ID\n" +
				"note setup: setup permissions are still on (s3:CreateBucket): credd customer finish-setup acme\n" +
				"ok permissions: the role's policies allow what was asked for (2 actions tried)\nok longest-session: sessions of up to 2 h\n",
			"; but the trust policy lets in everyone (*), not our account alone; requires the external ID",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTrialWorld(t, trialRole{})
			policies := map[string]string{}
			for i, p := range tt.allowed {
				policies[fmt.Sprint("p", i)] = p
			}
			w.role(acmeRole, tt.trust, func(r *fakeaws.Role) { r.Policies, r.MaxSession = policies, 2*time.Hour })
			w.invited(invited)
			got := brief(w.one("acme/readonly"))
			want := strings.TrimSuffix(verified, "\n") + tt.summary + "\n" + worksText + closedText + tt.want
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
		})
	}
}

func TestCustomers(t *testing.T) {
	globex := "version = 1\nexternal_id = \"%s\"\n[role.readonly]\narn = \"" + globexRole + "\"\n"
	t.Run("all roles of one", func(t *testing.T) {
		w := newTrialWorld(t, trialRole{lines: "[role.admin]\narn = \"arn:aws:iam::012345678901:role/Admin\"\n"})
		out, told, err := w.verify("acme")
		if err != nil {
			t.Fatal(err)
		}
		w.noCanary(out, told)
		if len(out.Roles) != 2 || out.Roles[0].Role != "acme/admin" || out.Roles[0].Verdict != verify.Denied || out.Roles[1].Verdict != verify.Verified {
			t.Errorf("got %+v", out.Roles)
		}
		for _, want := range []string{
			"acme/readonly: right external ID: ok", "acme/readonly: without an external ID: denied, as it should be",
			"acme/admin: right external ID: denied", "acme/admin: waiting for AWS to spread a change (14 s of 60)",
		} {
			if !slices.Contains(told, want) {
				t.Errorf("%q was not told: %q", want, told)
			}
		}
	})
	t.Run("external IDs of two are swapped", func(t *testing.T) {
		w := newTrialWorld(t, trialRole{})
		w.write("customers/globex.toml", fmt.Sprintf(globex, acmeCanary))
		w.write("customers/acme.toml", "version = 1\nexternal_id = \""+otherCanary+"\"\n[role.readonly]\narn = \""+acmeRole+"\"\n")
		w.role(globexRole, fakeaws.TrustPolicy(ourUser, otherCanary))
		w.agent.Reload()
		for _, name := range []string{"acme/readonly", "globex/readonly"} {
			if r := w.one(name); brief(r) != deniedText || !strings.Contains(r.Hint, "has another external ID than customers/") {
				t.Errorf("got %s%s", brief(r), r.Hint)
			}
		}
	})
	t.Run("two have the same", func(t *testing.T) {
		w := newTrialWorld(t, trialRole{})
		w.write("customers/globex.toml", fmt.Sprintf(globex, acmeCanary))
		w.agent.Reload()
		r := w.one("acme/readonly")
		want := verify.Check{ID: "unique-id", Outcome: verify.Note, Text: "has the external ID of globex/readonly too: each customer needs its own, or one can have us act on the other"}
		if !slices.Contains(r.Checks, want) || r.Verdict != verify.Verified {
			t.Errorf("got %s", brief(r))
		}
	})
	t.Run("a role cannot be used", func(t *testing.T) {
		w := newTrialWorld(t, trialRole{lines: "[role.admin]\nsource = \"gone\"\narn = \"arn:aws:iam::012345678901:role/Admin\"\n"})
		out, _, err := w.verify("acme")
		if err != nil || len(out.Roles) != 2 || out.Roles[0].Verdict != verify.Verified {
			t.Fatalf("got %+v, %v", out, err)
		}
		want := "could not be verified: customers/acme.toml:7: source gone of role acme/admin does not exist"
		if r := out.Roles[1]; r.Role != "acme" || r.Verdict != verify.Inconclusive || strings.ReplaceAll(r.Summary, "\"", "") != want || r.Hint == "" {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("there is none", func(t *testing.T) {
		w := newTrialWorld(t, trialRole{})
		w.write("customers/bad.toml", "version = 1\nnonsense = 1\n")
		w.write("customers/empty.toml", "version = 1\n")
		w.agent.Reload()
		for name, want := range map[string]ipc.Code{"none": ipc.UnknownRole, "acme/none": ipc.UnknownRole, "bad": ipc.Usage, "empty": ipc.Usage, "": ipc.UnknownRole} {
			_, _, err := w.verify(name)
			e, ok := err.(*ipc.Error)
			if !ok || e.Code != want || e.Hint == "" && name != "bad" {
				t.Errorf("%q: got %v, want code %d", name, err, want)
			}
		}
	})
}

func TestFromASession(t *testing.T) {
	mfa := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + ourUser + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"` + acmeCanary + `"},"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`
	w := newTrialWorld(t, trialRole{lines: "duration = \"1h\"\n"})
	device, err := w.aws.AddMFADevice(ourUser)
	if err != nil {
		t.Fatal(err)
	}
	w.aws.SetTrust(acmeRole, mfa)
	http := sts.NewHTTP()
	defer http.Close()
	calls := sts.New(http, w.now)
	s, err := calls.SessionToken(context.Background(), w.source(), time.Hour, device.Serial, w.aws.Code(device.Serial))
	if err != nil {
		t.Fatal(err)
	}
	w.write("aws/credentials", "[work]\naws_access_key_id = "+s.AccessKeyID+"\naws_secret_access_key = "+s.SecretAccessKey.Reveal()+"\naws_session_token = "+s.SessionToken.Reveal()+"\n")
	want := verified + worksText + closedText + unseenText +
		"unknown longest-session: sessions of up to 1 h: AWS gives no more from its source, whose credentials are a session themselves; the role's own maximum is not visible from outside\n"
	if diff := cmp.Diff(want, brief(w.one("acme/readonly"))); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	if n := w.aws.Calls("GetSessionToken"); n != 1 {
		t.Errorf("got %d calls with a code, want 1 for all tries", n)
	}
}

// source is the key of the world's source as a caller.
func (w *trialWorld) source() sts.Caller {
	return sts.Caller{Session: w.key, Region: "eu-west-1", Endpoint: w.aws.URL()}
}

func TestOwnSession(t *testing.T) {
	for name, tt := range map[string]struct{ account, want string }{
		"of the account": {"210987654321", "no external ID: works, and hands out its source's own session: there is no trust policy and no external ID to test\n" +
			"ok identity: is user work of account 210987654321\n"},
		"of another": {"012345678901", "wrong identity: the session is of account 210987654321, and it should be of account 012345678901\n" +
			"failed identity: the session is of account 210987654321, and it should be of account 012345678901\n"},
		"of any": {"", "no external ID: works, and hands out its source's own session: there is no trust policy and no external ID to test\n" +
			"note identity: is user work of account 210987654321; no account_id is set here to compare that with\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTrialWorld(t, trialRole{})
			account := ""
			if tt.account != "" {
				account = "account_id = \"" + tt.account + "\"\n"
			}
			w.write("customers/keys.toml", "version = 1\n"+account+"[role.dev]\nsource = \"work\"\nown_session = true\n")
			w.agent.Reload()
			if diff := cmp.Diff(tt.want, brief(w.one("keys/dev"))); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			w.untouched()
		})
	}
}

func TestItsSourceFails(t *testing.T) {
	const hub = "arn:aws:iam::210987654321:role/Hub"
	w := newTrialWorld(t, trialRole{source: "[source.gone]\ntype = \"profile\"\nprofile = \"gone\"\n"})
	w.write("customers/us.toml", "version = 1\n[role.hub]\narn = \""+hub+"\"\n")
	w.write("customers/beta.toml", "version = 1\n[role.one]\nsource = \"gone\"\narn = \"arn:aws:iam::112233445566:role/One\"\n"+
		"[role.two]\nsource = \"us/hub\"\narn = \""+globexRole+"\"\nexternal_id = \""+otherCanary+"\"\n")
	w.role(globexRole, fakeaws.TrustPolicy(hub, otherCanary))
	w.agent.Reload()
	r := w.one("beta/one")
	if r.Verdict != verify.Inconclusive || !strings.HasPrefix(r.Summary, "could not be verified: its source gone: ") || r.Hint == "" {
		t.Errorf("got %s%s", brief(r), r.Hint)
	}
	if r := w.one("beta/two"); r.Summary != "could not be verified: its source us/hub: denied by AWS" || !strings.Contains(r.Hint, "AWS does not say why") {
		t.Errorf("got %s%s", brief(r), r.Hint)
	}
	w.role(hub, fakeaws.TrustPolicy(ourUser, "")) // tried again at once, though it has just been denied
	want := "unknown longest-session: sessions of up to 1 h: AWS gives no more from its source, whose credentials are a session themselves; the role's own maximum is not visible from outside\n"
	if r := w.one("beta/two"); r.Verdict != verify.Verified || !strings.HasSuffix(brief(r), want) {
		t.Errorf("got %s", brief(r))
	}
	w.aws.DeleteRole(hub)
	w.ask(api.Request{Do: api.DoForget, Name: "us"}, &api.Forgotten{}) // its session lives on
	// What could not be asked about is no news of the role.
	if r := w.one("beta/two"); r.Verdict != verify.Inconclusive {
		t.Errorf("got %s", brief(r))
	}
	rec, err := customer.Load(filepath.Join(w.dir, "state"), "beta")
	if got := rec.Roles["two"].Verified; err != nil || got == nil || got.Verdict != verify.Verified {
		t.Errorf("got record %+v, %v", got, err)
	}
}

// All is every role with an ARN; each tells of its end alone.
func TestVerifyAll(t *testing.T) {
	w := newTrialWorld(t, trialRole{})
	w.write("customers/beta.toml", "version = 1\n[role.one]\narn = \""+globexRole+"\"\nexternal_id = \""+otherCanary+"\"\n")
	w.write("customers/keys.toml", "version = 1\n[role.dev]\nsource = \"work\"\nown_session = true\n")
	w.write("customers/odd.toml", "version = 1\nnonsense = 1\n")
	w.agent.Reload()
	out, told, err := w.verifies(api.Request{Do: api.DoVerify, All: true})
	if err != nil {
		t.Fatal(err)
	}
	w.noCanary(out, told)
	var got []string
	for _, r := range out.Roles {
		got = append(got, r.Role+" "+string(r.Verdict))
	}
	if diff := cmp.Diff([]string{"acme/readonly verified", "beta/one denied", "odd inconclusive"}, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	all := strings.Join(told, "\n")
	if len(told) != 2 || !strings.Contains(all, "acme/readonly: verified (") || !strings.Contains(all, "beta/one: denied (") || !strings.HasSuffix(all, "(2 of 2)") {
		t.Errorf("got %q", told)
	}
}

func TestLoginComesFirst(t *testing.T) {
	expired := strings.ReplaceAll(settings, "\"work\"\n[defaults]", "\"expired\"\n[defaults]")
	w := newWorld(t, map[string]string{"credd.toml": expired, "customers/acme.toml": customerText("admin", "readonly")})
	err := w.call(t, api.Request{Do: api.DoVerify, Name: "acme"}, &api.Verified{})
	if e, ok := err.(*ipc.Error); !ok || !has(e, ipc.Login, "acme/admin: its source work: the login is over | log in") {
		t.Errorf("got %+v", err)
	}
	if n := w.aws.count(); n != 0 {
		t.Errorf("got %d calls, want none", n)
	}
}

// A role whose requests carry tags may let in whoever sends none.
func TestOpenToRequestsWithoutTags(t *testing.T) {
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + ourUser + `"},"Action":"sts:AssumeRole"},
		{"Effect":"Allow","Principal":{"AWS":"` + ourUser + `"},"Action":"sts:TagSession","Condition":{"StringEquals":{"sts:ExternalId":"` + acmeCanary + `"}}}]}`
	w := newTrialWorld(t, trialRole{lines: "tags = { Project = \"migration\" }\n"})
	w.aws.SetTrust(acmeRole, trust)
	if r := w.one("acme/readonly"); r.Verdict != verify.Open {
		t.Errorf("got %s", brief(r))
	}
}

func TestTheCommandGoesAway(t *testing.T) {
	w := newTrialWorld(t, trialRole{})
	w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, ""))
	c, err := net.Dial("unix", filepath.Join(w.dir, "run", "agent.sock"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	w.block = func(ctx context.Context) {
		c.Close()
		<-ctx.Done() // of the work
		close(ended)
	}
	api.Call(t.Context(), c, api.Request{Do: api.DoVerify, Name: "acme/readonly"}, &api.Verified{})
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the work goes on")
	}
	w.stop() // waits for it
	if n := w.aws.Calls("AssumeRole"); n != 2 {
		t.Errorf("got %d calls, want 2: the right external ID and none", n)
	}
	if rec, err := customer.Load(filepath.Join(w.dir, "state"), "acme"); err != nil || rec.Roles["readonly"].Verified != nil {
		t.Errorf("got record %+v, %v; want none", rec, err)
	}
}
