package source

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
)

const configFile = `
[default]
region = us-east-1

[profile keys]
region = eu-west-1
endpoint_url = http://127.0.0.1:1

[profile service]
region = eu-west-1
endpoint_url = http://127.0.0.1:1
services = local

[services local]
sts =
  endpoint_url = http://127.0.0.1:2

[profile temporary]
[profile empty]
region = eu-west-1

[profile loop]
credential_process = "/opt/with space/credhelper" acme/admin

[profile chained-loop]
role_arn = arn:aws:iam::012345678901:role/A
source_profile = loop

[profile process]
credential_process = printf '{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"s","SessionToken":"t","Expiration":"2099-01-01T00:00:00Z"}'

[profile failing]
credential_process = sh -c 'echo canary-secret; exit 3'

[profile mfa]
role_arn = arn:aws:iam::012345678901:role/A
source_profile = keys
mfa_serial = arn:aws:iam::012345678901:mfa/ana

[profile sso]
sso_session = nw
sso_account_id = 210987654321
sso_role_name = CustomerAccess

[sso-session nw]
sso_start_url = https://nw.awsapps.com/start
sso_region = eu-west-1

[profile login]
login_session = arn:aws:iam::210987654321:user/ana
region = eu-west-1
`

const keysFile = `
[keys]
aws_access_key_id = AKIAFIRST
aws_secret_access_key = canary-secret

[service]
aws_access_key_id = AKIAFIRST
aws_secret_access_key = canary-secret

[temporary]
aws_access_key_id = ASIAFIRST
aws_secret_access_key = canary-secret
aws_session_token = token
`

// home writes ~/.aws and returns it. HOME is set too: the SDK looks there for login tokens.
func home(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	t.Setenv("HOME", base)
	for _, name := range []string{"AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION", "HTTPS_PROXY"} {
		t.Setenv(name, "poison")
	}
	ClearEnvironment()
	dir := filepath.Join(base, ".aws")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "config", configFile)
	write(t, dir, "credentials", keysFile)
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(dir, profile string) *Profile {
	return newProfile(Spec{Profile: profile}, Deps{AWSDir: dir, HTTP: http.DefaultClient})
}

func TestProfileGood(t *testing.T) {
	dir := home(t)
	for profile, want := range map[string]struct {
		keyID, region, url string
		temporary          bool
	}{
		"keys":      {"AKIAFIRST", "eu-west-1", "http://127.0.0.1:1", false},
		"service":   {"AKIAFIRST", "eu-west-1", "http://127.0.0.1:2", false},
		"temporary": {"ASIAFIRST", "", "", true},
		"process":   {"ASIAPROCESS", "", "", true},
	} {
		p := open(dir, profile)
		s, err := p.Credentials(t.Context())
		if err != nil {
			t.Errorf("%s: %v", profile, err)
			continue
		}
		region, url := p.Endpoint()
		if s.AccessKeyID != want.keyID || s.Temporary() != want.temporary || region != want.region || url != want.url {
			t.Errorf("%s: got %s, %v, %q, %q; want %+v", profile, s.AccessKeyID, s.Temporary(), region, url, want)
		}
	}
}

func TestProfileErrors(t *testing.T) {
	dir := home(t)
	for profile, want := range map[string]struct {
		kind Kind
		text string // in message and hint
	}{
		"absent":       {Config, "not in ~/.aws/config"},
		"empty":        {Config, "has no credentials"},
		"loop":         {Config, "gets its credentials from credhelper"},
		"chained-loop": {Config, "gets its credentials from credhelper"},
		"mfa":          {Config, "asks for an MFA code"},
		"sso":          {Login, "aws sso login --profile sso"},
		"login":        {Login, "aws login --profile login"},
		"failing":      {Login, "credential_process of profile \"failing\" failed"},
	} {
		_, err := open(dir, profile).Credentials(t.Context())
		var e *Error
		if !errors.As(err, &e) || e.Kind != want.kind || !strings.Contains(e.Message+" "+e.Hint, want.text) {
			t.Errorf("%s: got %v, want %s", profile, err, want.text)
		} else if strings.Contains(e.Message+e.Hint, "canary") {
			t.Errorf("%s: the error quotes a secret: %v", profile, e)
		}
	}
}

func TestSettingsWinOverTheProfile(t *testing.T) {
	dir := home(t)
	p := newProfile(Spec{Profile: "service", Region: "eu-north-1", Endpoint: "https://vpce.example"}, Deps{AWSDir: dir, HTTP: http.DefaultClient})
	if region, url := p.Endpoint(); region != "eu-north-1" || url != "https://vpce.example" {
		t.Errorf("got %s, %s; want the source's own", region, url)
	}
}

func TestChangedFiles(t *testing.T) {
	dir := home(t)
	p, tmp := open(dir, "keys"), open(dir, "temporary")
	before, tmpBefore := p.Fingerprint(), tmp.Fingerprint()
	if _, err := p.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "credentials", strings.ReplaceAll(keysFile, "FIRST", "SECOND"))
	future := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "credentials"), future, future); err != nil {
		t.Fatal(err)
	}
	if s, err := p.Credentials(t.Context()); err != nil || s.AccessKeyID != "AKIASECOND" {
		t.Errorf("got %v, %v; want the new key at its next use", s, err)
	}
	if p.Fingerprint() == before {
		t.Error("another long-term key is somebody else: the fingerprint should change")
	}
	tmp.Reload()
	if tmp.Fingerprint() != tmpBefore {
		t.Error("renewed temporary keys are the same somebody: the fingerprint should stay")
	}
}

// The SDK does not read a file of aws login that it might not survive.
func TestProfileOfALogin(t *testing.T) {
	dir := home(t)
	file, err := logincreds.StandardCachedTokenFilepath("arn:aws:iam::210987654321:user/ana", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"null", "canary", `{"accessToken":{},"dpopKey":"canary"}`, `{"accessToken":null}`} {
		write(t, filepath.Dir(file), filepath.Base(file), text)
		_, err := open(dir, "login").Credentials(t.Context())
		wantError(t, err, Login, "aws login --profile login")
	}
}

// A profile that cannot be read is told in one way.
func TestUnreadableProfiles(t *testing.T) {
	dir := home(t)
	write(t, dir, "config", configFile+"\n[profile half]\nsource_profile = keys\ncanary = canary\n[profile broken]\nrole_arn = arn:aws:iam::012345678901:role/A\nsource_profile = canary-x\n")
	for profile, text := range map[string]string{
		"absent": `profile "absent" is not in ~/.aws/config or ~/.aws/credentials`, "half": "needs role_arn",
	} {
		_, ofProfile := open(dir, profile).Credentials(t.Context())
		ofLogin := newLogin(Spec{Profile: profile}, Deps{AWSDir: dir, Now: time.Now}).look().err
		_, _, ofKey := ProfileKey(t.Context(), dir, profile)
		for who, err := range map[string]error{"profile": ofProfile, "login": ofLogin, "key": ofKey} {
			var e *Error
			if !errors.As(err, &e) || e.Kind != Config || !strings.Contains(e.Message, text) {
				t.Errorf("%s of %s: got %v, want %s", who, profile, err, text)
			}
		}
	}
}
