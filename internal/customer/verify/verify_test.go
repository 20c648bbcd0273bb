package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/cred"
	"credd/internal/customer/invite"
)

const (
	ours   = "arn:aws:iam::210987654321:user/work"
	theirs = "arn:aws:iam::012345678901:role/northwind/ReadOnly"
	canary = "canary-9d1f6f2c8a5e4b7d"
)

// script is an AWS that answers one try after another as a test says; after the last as to the last.
type script struct {
	answers []Answer
	who     Identity
	tries   []Try
	longest time.Duration // above which a session is TooLong
}

func (s *script) Assume(_ context.Context, t Try) Tried {
	n := min(len(s.tries), len(s.answers)-1)
	s.tries = append(s.tries, t)
	if s.longest > 0 && t.Duration > s.longest {
		return Tried{Answer: TooLong}
	}
	return Tried{Answer: s.answers[n], Session: &cred.Session{}, Reason: "a reason", Hint: "a hint"}
}

func (s *script) Identity(context.Context, *cred.Session) (Identity, error) {
	if s.who.ARN == "" {
		return Identity{}, errors.New("no answer")
	}
	return s.who, nil
}

func (s *script) Look(context.Context, *cred.Session) (Self, error) { return Self{}, ErrUnseen }

func (s *script) Refused(context.Context, *cred.Session, []invite.Wanted) ([]invite.Wanted, error) {
	return nil, ErrUnseen
}

var right = Identity{"arn:aws:sts::012345678901:assumed-role/ReadOnly/credd", "012345678901"}

func role() Role {
	return Role{Name: "acme/readonly", ARN: theirs, AccountID: "012345678901", ExternalID: cred.NewSecret(canary), Duration: time.Hour, Us: ours, LongTerm: true}
}

// prove verifies a role against a script. Waiting takes no time.
func prove(t *testing.T, s *script, r Role) Result {
	t.Helper()
	v := Verifier{
		Assumer: s, Mirror: s, Now: func() time.Time { return time.Unix(0, 0) }, Tell: func(string) {},
		Wait: func(context.Context, time.Duration) error { return nil },
	}
	got, err := v.Verify(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOrder(t *testing.T) {
	s := &script{answers: []Answer{Granted, Refused, Refused, Refused, Refused, Granted}, who: right, longest: time.Hour}
	r := role()
	r.Marked = true
	if got := prove(t, s, r); got.Verdict != Verified {
		t.Errorf("got %+v", got)
	}
	var got []string
	for _, try := range s.tries {
		id := "another"
		switch {
		case try.ID.IsZero():
			id = "none"
		case try.ID.Reveal() == canary:
			id = "right"
		}
		policy := map[string]string{"": "as configured", denyAll: "deny all", lookOnly: "look only"}[try.Policy]
		got = append(got, fmt.Sprintf("%s, %s, %s, plain %v", id, short(try.Duration), policy, try.Plain))
	}
	want := []string{
		"right, 15 min, as configured, plain false",
		"none, 15 min, deny all, plain false", "none, 15 min, deny all, plain true",
		"another, 15 min, deny all, plain false", "another, 15 min, deny all, plain true",
		"right, 15 min, deny all, plain false",
		"right, 15 min, look only, plain false",
		"right, 7 h, deny all, plain false", "right, 4 h, deny all, plain false", "right, 2 h, deny all, plain false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

func TestIdentities(t *testing.T) {
	for arn, want := range map[string]Verdict{
		right.ARN: Verified,
		"arn:aws:sts::012345678901:assumed-role/Admin/credd":       WrongIdentity,
		"arn:aws:sts::999999999999:assumed-role/ReadOnly/credd":    WrongIdentity,
		"arn:aws-cn:sts::012345678901:assumed-role/ReadOnly/credd": WrongIdentity,
		"arn:aws:iam::012345678901:user/ReadOnly":                  WrongIdentity,
		"nonsense": WrongIdentity,
		"":         Inconclusive,
	} {
		s := &script{answers: []Answer{Granted, Refused, Refused, Granted}, who: Identity{arn, right.AccountID}, longest: time.Hour}
		got := prove(t, s, role())
		if got.Verdict != want || (want == Verified) != (got.Hint == "") {
			t.Errorf("%q: got %s (%s; %s), want %s", arn, got.Verdict, got.Summary, got.Hint, want)
		}
	}
}

func TestLongest(t *testing.T) {
	const h = time.Hour
	for _, tt := range []struct {
		role, configured time.Duration
		tries            int
		text             string
		outcome          Outcome
		seconds          int64
	}{
		{1 * h, 1 * h, 3, "sessions of at least 1 h, less than 2 h", OK, 3600},
		{2 * h, 1 * h, 4, "sessions of at least 2 h, less than 3 h", OK, 7200},
		{12 * h, 1 * h, 4, "sessions of 12 h, the longest that AWS has", OK, 43200},
		{11 * h, 1 * h, 4, "sessions of at least 11 h, less than 12 h", OK, 39600},
		{12 * h, 4 * h, 1, "sessions of at least 4 h", OK, 14400},
		{12 * h, 12 * h, 1, "sessions of 12 h, the longest that AWS has", OK, 43200},
		{4 * h, 8 * h, 4, "sessions of at least 4 h, less than 5 h; 8 h is set here, and AWS refuses that: sessions are 1 h instead", Note, 14400},
		{1 * h, 90 * time.Minute, 1, "sessions of at least 1 h, less than 1 h 30 min; 1 h 30 min is set here, and AWS refuses that: sessions are 1 h instead", Note, 3600},
		{100 * time.Minute, 90 * time.Minute, 1, "sessions of at least 1 h 30 min", OK, 5400},
		{12 * h, 15 * time.Minute, 4, "sessions of 12 h, the longest that AWS has", OK, 43200},
	} {
		r := role()
		r.Duration = tt.configured
		s := &script{answers: []Answer{Granted, Refused, Refused, Granted}, who: right, longest: tt.role}
		got := prove(t, s, r)
		var check Check
		for _, c := range got.Checks {
			if c.ID == "longest-session" {
				check = c
			}
		}
		if check.Text != tt.text || check.Outcome != tt.outcome || got.LongestSession != tt.seconds || len(s.tries)-5 > mostTries {
			t.Errorf("%v of %v: got %+v, %d s, by %d tries", tt.configured, tt.role, check, got.LongestSession, len(s.tries)-5)
		}
		if n := len(s.tries) - 5; n != tt.tries {
			t.Errorf("%v of %v: got %d tries, want %d", tt.configured, tt.role, n, tt.tries)
		}
	}
}

func TestWaitingIsBounded(t *testing.T) {
	var waited time.Duration
	s := &script{answers: []Answer{Refused}, who: right}
	v := Verifier{
		Assumer: s, Mirror: s, Now: time.Now, Tell: func(string) {},
		Wait: func(_ context.Context, d time.Duration) error { waited += d; return nil },
	}
	got, err := v.Verify(t.Context(), role())
	if err != nil || got.Verdict != Denied || waited != spread {
		t.Errorf("got %+v, %v after %v", got, err, waited)
	}
	if len(s.tries) < 5 || len(s.tries) > 12 {
		t.Errorf("got %d tries", len(s.tries))
	}
}

// A role whose turn comes when a change has had its time to spread is not waited for again, and no more is said than that.
func TestLaterRolesWaitLess(t *testing.T) {
	began := time.Now()
	for before, want := range map[time.Duration]struct {
		waited time.Duration
		text   string
	}{
		-time.Hour:       {spread, "is denied with its external ID, also after 60 s; AWS does not say why"},
		0:                {spread, "is denied with its external ID, also after 60 s; AWS does not say why"},
		40 * time.Second: {20 * time.Second, "is denied with its external ID, also after 60 s; AWS does not say why"},
		time.Hour:        {0, "is denied with its external ID, 60 s after the verification began; AWS does not say why"},
	} {
		var waited time.Duration
		s := &script{answers: []Answer{Refused}, who: right}
		v := Verifier{
			Assumer: s, Mirror: s, Now: func() time.Time { return began.Add(before) }, Tell: func(string) {}, Began: began,
			Wait: func(_ context.Context, d time.Duration) error { waited += d; return nil },
		}
		got, err := v.Verify(t.Context(), role())
		if err != nil || got.Verdict != Denied || waited != want.waited || got.Checks[0].Text != want.text {
			t.Errorf("%v: got %+v, %v after %v", before, got, err, waited)
		}
	}
}

func TestNobodyWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &script{answers: []Answer{Granted}, who: right}
	v := Verifier{
		Assumer: s, Mirror: s, Now: time.Now, Tell: func(string) {},
		Wait: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() },
	}
	if got, err := v.Verify(ctx, role()); !errors.Is(err, context.Canceled) || got.Verdict != "" {
		t.Errorf("got %+v, %v; want nothing", got, err)
	}
}

// Whatever is answered: a role is verified only if the right external ID worked twice, AWS named the role, and each request
// without it was denied from the role's side. And a role is never called worse than it was seen to be.
func FuzzVerdict(f *testing.F) {
	f.Add([]byte{1, 2, 2, 1}, true, false)
	f.Add([]byte{1, 1, 1, 1}, true, false)
	f.Add([]byte{2}, true, true)
	f.Add([]byte{1, 2, 2, 2, 2, 1, 3}, false, true)
	f.Add([]byte{1, 2, 5}, true, false)
	f.Fuzz(func(t *testing.T, answers []byte, known, marked bool) {
		if len(answers) == 0 {
			return
		}
		s := &script{}
		for _, a := range answers {
			s.answers = append(s.answers, Granted+Answer(a)%5)
		}
		if known {
			s.who = right
		}
		r := role()
		r.Marked = marked
		got := prove(t, s, r)
		holds(t, s, got, known)
	})
}

// holds compares a verdict with what was answered: the last answer to each kind of request.
func holds(t *testing.T, s *script, got Result, known bool) {
	t.Helper()
	last := map[string]Answer{}
	for i, try := range s.tries {
		key := fmt.Sprint(try.What, try.Plain)
		a := s.answers[min(i, len(s.answers)-1)]
		last[key] = a
	}
	all := func(what string, want Answer) bool {
		plain, asked := last[what+"true"]
		return last[what+"false"] == want && (!asked || plain == want)
	}
	if got.Verdict == Verified && !(known && all("right external ID", Granted) && all("without an external ID", Refused) &&
		all("with another external ID", Refused) && all("right external ID again", Granted)) {
		t.Errorf("verified by %v", s.answers)
	}
	granted := func(what string) bool { return last[what+"false"] == Granted || last[what+"true"] == Granted }
	if got.Verdict == Open && !granted("without an external ID") && !granted("with another external ID") {
		t.Errorf("open by %v", s.answers)
	}
	if got.Verdict == Denied && last["right external IDfalse"] != Refused {
		t.Errorf("denied by %v", s.answers)
	}
	if got.Summary == "" || (got.Hint == "") != (got.Verdict == Verified) {
		t.Errorf("got %q with hint %q", got.Summary, got.Hint)
	}
	for _, text := range append([]string{got.Summary, got.Hint}, textsOf(got)...) {
		if strings.Contains(text, canary) {
			t.Errorf("an external ID is in %q", text)
		}
	}
}

func textsOf(r Result) (all []string) {
	for _, c := range r.Checks {
		all = append(all, c.Text)
	}
	return all
}

// All verdicts of all answers.
func TestJudge(t *testing.T) {
	answers := []Answer{Untried, Granted, Refused, OurSide, TooLong, NoAnswer}
	verified := 0
	for _, right := range answers {
		for _, none := range answers {
			for _, wrong := range answers {
				for _, again := range answers {
					for _, w := range []who{unknown, expected, other} {
						p := proof{right: right, none: none, wrong: wrong, again: again, who: w}
						if p.judge() != Verified {
							continue
						}
						verified++
						if p != (proof{right: Granted, who: expected, none: Refused, wrong: Refused, again: Granted}) {
							t.Errorf("%+v is verified", p)
						}
					}
				}
			}
		}
	}
	if verified != 1 {
		t.Errorf("%d proofs are enough, want 1", verified)
	}
}
