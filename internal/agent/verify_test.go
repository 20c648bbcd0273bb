package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"credd/internal/customer/invite"
	"credd/internal/customer/verify"
	"credd/internal/fakeaws"
)

const (
	ourUser     = "arn:aws:iam::210987654321:user/work"
	ourAccount  = "arn:aws:iam::210987654321:root"
	acmeRole    = "arn:aws:iam::012345678901:role/northwind/ReadOnly"
	globexRole  = "arn:aws:iam::112233445566:role/ReadOnly"
	acmeCanary  = "canary-acme-9d1f6f2c8a5e"
	otherCanary = "canary-globex-c3a7e0b94d"
)

// brief is a result in a line a check.
func brief(r verify.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Verdict, r.Summary)
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%s %s: %s\n", c.Outcome, c.ID, c.Text)
	}
	return b.String()
}

const (
	worksText  = "ok right-id: works with its external ID\nok identity: is role ReadOnly of account 012345678901\n"
	closedText = "ok no-id: is denied without an external ID\nok wrong-id: is denied with another external ID\nok right-id-again: still works with its external ID after that\n"
	unseenText = "unknown trust: whom the trust policy lets in: not visible from outside\n"
	hourText   = "ok longest-session: sessions of at least 1 h, less than 2 h\n"
	verified   = "verified: works with the external ID, and is denied without it and with another one\n"
	deniedText = "denied: is denied with its external ID; AWS does not say why\nfailed right-id: is denied with its external ID, also after 60 s; AWS does not say why\n"
)

func TestVerdicts(t *testing.T) {
	both := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole","Condition":{%s}}]}`
	conditions := func(principal, c string) string { return fmt.Sprintf(both, principal, c) }
	id := `"StringEquals":{"sts:ExternalId":"` + acmeCanary + `"}`
	for name, tt := range map[string]struct {
		role   trialRole
		set    func(*trialWorld)
		want   string
		hint   string // holds
		waited time.Duration
	}{
		"correct trust": {want: verified + worksText + closedText + unseenText + hourText},
		"no ExternalId condition": {
			set: func(w *trialWorld) { w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, "")) },
			want: "open: works without the external ID, and with another one\n" + worksText +
				"failed no-id: works without an external ID, also after 60 s\nfailed wrong-id: works with another external ID, also after 60 s\n" +
				"ok right-id-again: still works with its external ID after that\n" + unseenText + hourText,
			hint: "has to require sts:ExternalId", waited: time.Minute,
		},
		"everyone with the condition": {
			set:  func(w *trialWorld) { w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy("*", acmeCanary)) },
			want: verified + worksText + closedText + unseenText + hourText,
		},
		"everyone without it": {
			set: func(w *trialWorld) { w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy("*", "")) },
			want: "open: works without the external ID, and with another one\n" + worksText +
				"failed no-id: works without an external ID, also after 60 s\nfailed wrong-id: works with another external ID, also after 60 s\n" +
				"ok right-id-again: still works with its external ID after that\n" + unseenText + hourText,
			waited: time.Minute,
		},
		"an external ID if there is one": {
			set: func(w *trialWorld) {
				w.aws.SetTrust(acmeRole, conditions(ourUser, `"StringEqualsIfExists":{"sts:ExternalId":"`+acmeCanary+`"}`))
			},
			want: "open: works without the external ID\n" + worksText +
				"failed no-id: works without an external ID, also after 60 s\nok wrong-id: is denied with another external ID\n" +
				"ok right-id-again: still works with its external ID after that\n" + unseenText + hourText,
			waited: time.Minute,
		},
		"any external ID": {
			set: func(w *trialWorld) {
				w.aws.SetTrust(acmeRole, conditions(ourUser, `"StringLike":{"sts:ExternalId":"*"}`))
			},
			want: "open: works with another external ID than its own, though not without one\n" + worksText +
				"ok no-id: is denied without an external ID\nfailed wrong-id: works with another external ID, also after 60 s\n" +
				"ok right-id-again: still works with its external ID after that\n" + unseenText + hourText,
			waited: time.Minute,
		},
		"the trust names another account": {
			set: func(w *trialWorld) {
				w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy("arn:aws:iam::999999999999:root", acmeCanary))
			},
			want: deniedText, hint: "does not name " + ourUser, waited: time.Minute,
		},
		"AWS answers with another account": {
			set: func(w *trialWorld) { w.aws.SetFault(acmeRole, fakeaws.WrongAccount) },
			want: "inconclusive: could not be verified: right external ID: AWS answered with a session that is not of account 012345678901\n" +
				"unknown right-id: right external ID: AWS answered with a session that is not of account 012345678901\n",
		},
		"MFA needed": {
			set: func(w *trialWorld) {
				w.aws.SetTrust(acmeRole, conditions(ourUser, id+`,"Bool":{"aws:MultiFactorAuthPresent":"true"}`))
			},
			want: deniedText, hint: "or asks for MFA, which source work does not give; then: credd customer verify acme/readonly", waited: time.Minute,
		},
		"role deleted": {
			set:  func(w *trialWorld) { w.aws.DeleteRole(acmeRole) },
			want: deniedText, hint: "the role is not there", waited: time.Minute,
		},
		"invited, and not deployed": {
			set: func(w *trialWorld) {
				w.aws.DeleteRole(acmeRole)
				w.invited(invite.Terms{Customer: "acme", Role: "readonly", RoleName: "ReadOnly", Path: "/northwind/", Partition: "aws", AccountID: "012345678901", Invited: w.now()})
			},
			want: deniedText, hint: "in order of evidence: an invitation that is not deployed yet: it is of ", waited: time.Minute,
		},
		"session shorter than configured": {
			role: trialRole{lines: "duration = \"8h\"\n"},
			set: func(w *trialWorld) {
				w.role(acmeRole, fakeaws.TrustPolicy(ourUser, acmeCanary), func(r *fakeaws.Role) { r.MaxSession = 4 * time.Hour })
			},
			want: verified + worksText + closedText + unseenText +
				"note longest-session: sessions of at least 4 h, less than 5 h; 8 h is set here, and AWS refuses that: sessions are 1 h instead\n",
		},
		"session as long as configured": {
			role: trialRole{lines: "duration = \"4h\"\n"},
			set: func(w *trialWorld) {
				w.role(acmeRole, fakeaws.TrustPolicy(ourUser, acmeCanary), func(r *fakeaws.Role) { r.MaxSession = 12 * time.Hour })
			},
			want: verified + worksText + closedText + unseenText + "ok longest-session: sessions of at least 4 h\n",
		},
		"throttled": {
			set: func(w *trialWorld) { w.aws.SetFault(acmeRole, fakeaws.Throttle) },
			want: "inconclusive: could not be verified: right external ID: AWS is throttling requests (Throttling)\n" +
				"unknown right-id: right external ID: AWS is throttling requests (Throttling)\n",
			hint: "try again in a moment; then: credd customer verify acme/readonly",
		},
		"throttled in the middle": {
			set: func(w *trialWorld) {
				w.aws.DeleteRole(acmeRole)
				w.later[20*time.Second] = func() { w.aws.SetFault(acmeRole, fakeaws.Throttle) }
			},
			want: "inconclusive: could not be verified: right external ID: AWS is throttling requests (Throttling)\n" +
				"unknown right-id: right external ID: AWS is throttling requests (Throttling)\n",
			hint: "try again in a moment", waited: 24 * time.Second,
		},
		"our own side denies": {
			set: func(w *trialWorld) { w.aws.ForbidAssume(ourUser) },
			want: "inconclusive: could not be verified: right external ID: denied by AWS because no identity-based policy allows the sts:AssumeRole action, which is about our own side and proves nothing about the role\n" +
				"unknown right-id: right external ID: denied by AWS because no identity-based policy allows the sts:AssumeRole action, which is about our own side and proves nothing about the role\n",
			hint: "let " + ourUser + " call sts:AssumeRole on " + acmeRole,
		},
		"no external ID here": {
			role: trialRole{noID: true},
			set:  func(w *trialWorld) { w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, "")) },
			want: "no external ID: works without an external ID, and none is set here: nothing tells a request for this customer from one for another\n" +
				"note right-id: works without an external ID, and none is set here\nok identity: is role ReadOnly of account 012345678901\n" + unseenText + hourText,
		},
		"no external ID here, and one is asked for": {
			role: trialRole{noID: true},
			want: "denied: is denied without an external ID, and none is set here; AWS does not say why\n" +
				"failed right-id: is denied without an external ID, and none is set here, also after 60 s; AWS does not say why\n",
			hint: "or asks for an external ID", waited: time.Minute,
		},
		"it opens after a while": {
			set: func(w *trialWorld) {
				w.aws.DeleteRole(acmeRole)
				w.later[20*time.Second] = func() { w.role(acmeRole, fakeaws.TrustPolicy(ourUser, acmeCanary)) }
			},
			want: verified + worksText + closedText + unseenText + hourText, waited: 24 * time.Second,
		},
		"it closes after a while": {
			set: func(w *trialWorld) {
				w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, ""))
				w.later[20*time.Second] = func() { w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, acmeCanary)) }
			},
			want: verified + worksText + closedText + unseenText + hourText, waited: 24 * time.Second,
		},
		"the trust changes in the middle": {
			set: func(w *trialWorld) {
				w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, ""))
				w.later[20*time.Second] = func() { w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, "another")) }
			},
			want: "inconclusive: could not be verified: right external ID again: it worked at first and is denied now: something changed meanwhile\n" + worksText +
				"ok no-id: is denied without an external ID\nok wrong-id: is denied with another external ID\n" +
				"unknown right-id-again: right external ID again: it worked at first and is denied now: something changed meanwhile\n",
			waited: time.Minute,
		},
		"STS ends in the middle": {
			set: func(w *trialWorld) {
				w.aws.SetTrust(acmeRole, fakeaws.TrustPolicy(ourUser, ""))
				w.later[20*time.Second] = w.aws.Stop
			},
			want: "inconclusive: could not be verified: without an external ID: cannot reach AWS: " + refusedText + "\n" + worksText +
				"unknown no-id: without an external ID: cannot reach AWS: " + refusedText + "\n",
			waited: 24 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTrialWorld(t, tt.role)
			if tt.set != nil {
				tt.set(w)
			}
			r := w.one("acme/readonly")
			got, want := strings.ReplaceAll(brief(r), w.aws.URL()[len("http://"):], "HOST"), tt.want
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if !strings.Contains(r.Hint, tt.hint) {
				t.Errorf("got hint %q, want one with %q", r.Hint, tt.hint)
			}
			if (r.Verdict == verify.Verified) != (r.Hint == "") {
				t.Errorf("%s has hint %q", r.Verdict, r.Hint)
			}
			if w.total() != tt.waited {
				t.Errorf("waited %v, want %v", w.total(), tt.waited)
			}
			w.untouched()
			w.kept(r)
		})
	}
}

const refusedText = "dial tcp HOST: connect: connection refused"
