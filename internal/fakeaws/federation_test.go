package fakeaws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const consolePage = "https://console.aws.amazon.com/s3/home?region=eu-west-1"

func sessionText(c *types.Credentials) string {
	return fmt.Sprintf(`{"sessionId":%q,"sessionKey":%q,"sessionToken":%q}`, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

// signinTokenOf asks for a token as brokers do; "" if there is none.
func signinTokenOf(t *testing.T, s *Server, method, session, duration string) (token string, status int) {
	t.Helper()
	v := url.Values{"Action": {"getSigninToken"}, "Session": {session}}
	if duration != "" {
		v.Set("SessionDuration", duration)
	}
	address, body := s.URL()+"/federation", v.Encode()
	if method == http.MethodGet {
		address, body = address+"?"+body, ""
	}
	text, status := answerTo(t, method, address, body)
	var out struct{ SigninToken string }
	json.Unmarshal([]byte(text), &out)
	return out.SigninToken, status
}

func answerTo(t *testing.T, method, address, body string) (text string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp.StatusCode
}

func openConsole(t *testing.T, s *Server, token, page string) (text string, status int) {
	t.Helper()
	return answerTo(t, http.MethodGet, s.URL()+"/federation?"+url.Values{"Action": {"login"}, "Issuer": {"x"}, "Destination": {page}, "SigninToken": {token}}.Encode(), "")
}

func TestConsoleSignIn(t *testing.T) {
	s, key := start(t)
	out, _ := assume(t, s, client(s, key, ""), admin())
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		token, status := signinTokenOf(t, s, method, sessionText(out.Credentials), "3600")
		if token == "" || status != http.StatusOK {
			t.Fatalf("%s: got %d", method, status)
		}
		text, status := openConsole(t, s, token, consolePage)
		if status != http.StatusOK || !strings.Contains(text, "assumed-role/Admin/dev@host") {
			t.Errorf("got %d\n%s", status, text)
		}
		if _, status := openConsole(t, s, token, consolePage); status != http.StatusBadRequest {
			t.Errorf("a second time: got %d", status)
		}
	}
	all := s.ConsoleSignIns()
	if len(all) != 2 || all[0].Destination != consolePage || !all[0].Asked || s.Calls("GetSigninToken") != 2 || s.Calls("ConsoleLogin") != 4 {
		t.Errorf("got %+v", all)
	}
}

func TestSessionsThatDoNotSignIn(t *testing.T) {
	s, key := start(t)
	user := client(s, key, "")
	out, role := assume(t, s, user, admin())
	addRole(t, s, Role{ARN: secondARN, Trust: TrustPolicy(adminARN, externalID)})
	second, _ := assume(t, s, role, admin(func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String(secondARN) }))
	plain, err := user.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	good := sessionText(out.Credentials)
	for name, c := range map[string]struct{ session, duration string }{
		"a user's key":             {fmt.Sprintf(`{"sessionId":%q,"sessionKey":%q,"sessionToken":""}`, key.ID, key.Secret), ""},
		"of GetSessionToken":       {sessionText(plain.Credentials), ""},
		"a wrong secret":           {strings.Replace(good, *out.Credentials.SecretAccessKey, "wrong", 1), ""},
		"a wrong token":            {strings.Replace(good, *out.Credentials.SessionToken, "wrong", 1), ""},
		"no JSON":                  {"canary", ""},
		"a duration while chained": {sessionText(second.Credentials), "3600"},
		"too short":                {good, "899"},
		"too long":                 {good, "43201"},
		"above the role's maximum": {good, "7200"},
		"no number":                {good, "1h"},
	} {
		if token, status := signinTokenOf(t, s, http.MethodPost, c.session, c.duration); token != "" || status != http.StatusBadRequest {
			t.Errorf("%s: got %d", name, status)
		}
	}
	if token, _ := signinTokenOf(t, s, http.MethodPost, sessionText(second.Credentials), ""); token == "" {
		t.Error("a chained session does not sign in without a duration")
	}
	s.Advance(2 * time.Hour)
	if token, _ := signinTokenOf(t, s, http.MethodPost, good, ""); token != "" {
		t.Error("a session that is over signs in")
	}
}

func TestLinksThatDoNotSignIn(t *testing.T) {
	s, key := start(t)
	out, _ := assume(t, s, client(s, key, ""), admin())
	token, _ := signinTokenOf(t, s, http.MethodPost, sessionText(out.Credentials), "")
	for _, page := range []string{"", "https://evil.example/", "http://console.aws.amazon.com/", "https://console.amazonaws.cn/", "https://console.aws.amazon.com.evil.example/", "https://a@console.aws.amazon.com/"} {
		if _, status := openConsole(t, s, token, page); status != http.StatusBadRequest {
			t.Errorf("%q: got %d", page, status)
		}
	}
	if _, status := openConsole(t, s, "made up", consolePage); status != http.StatusBadRequest {
		t.Errorf("a token that is nobody's: got %d", status)
	}
	s.Advance(15 * time.Minute)
	if _, status := openConsole(t, s, token, consolePage); status != http.StatusBadRequest {
		t.Errorf("after 15 minutes: got %d", status)
	}
	if n := len(s.ConsoleSignIns()); n != 0 {
		t.Errorf("got %d sign-ins", n)
	}
}
