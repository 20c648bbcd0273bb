package source

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

const metadataPath = "/latest/meta-data/iam/security-credentials/"

// instance is the metadata service of an EC2 instance, version 2.
type instance struct {
	token, list, creds int    // HTTP statuses, 0 for a good answer
	role               string // "" for none
	document           string
	stall              bool         // in the middle of credentials
	asked              atomic.Int32 // for credentials
	unsigned           atomic.Int32 // requests without a token
}

func (i *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, text string) {
		if status != 0 {
			http.Error(w, canary, status)
			return
		}
		fmt.Fprint(w, text)
	}
	if r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		answer(i.token, "imds-token")
		return
	}
	if r.Header.Get("X-Aws-Ec2-Metadata-Token") != "imds-token" {
		i.unsigned.Add(1)
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	if r.URL.Path == metadataPath {
		answer(i.list, i.role)
		return
	}
	i.asked.Add(1)
	if i.stall {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "{")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	answer(i.creds, i.document)
}

func metadataDocument(code string, end time.Time) string {
	return fmt.Sprintf(`{"Code":%q,"AccessKeyId":"ASIAINSTANCE","SecretAccessKey":%q,"Token":"t","Expiration":%q}`, code, canary, end.UTC().Format(time.RFC3339))
}

func startInstance(t *testing.T, i *instance) *minted {
	t.Helper()
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	return newIMDSAt(Spec{Name: "here", Type: "imds"}, Deps{Now: time.Now}, server.URL)
}

func TestIMDS(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	end := time.Now().Add(40 * time.Minute).UTC().Truncate(time.Second)
	i := &instance{role: "Runner", document: metadataDocument("Success", end)}
	m := startInstance(t, i)
	if ids := together(t, m); !ids["ASIAINSTANCE"] || i.asked.Load() != 1 || i.unsigned.Load() != 0 {
		t.Errorf("got %v with %d questions (%d without a token), want one session with 1", ids, i.asked.Load(), i.unsigned.Load())
	}
	if got := m.State().Until; !got.Equal(end) {
		t.Errorf("the session is until %s, want %s", got, end)
	}
	m.held.drop()
	if _, err := m.Credentials(t.Context()); err != nil || i.asked.Load() != 2 {
		t.Errorf("got %v and %d questions after Invalidate, want 2", err, i.asked.Load())
	}
}

func TestIMDSErrors(t *testing.T) {
	good := metadataDocument("Success", time.Now().Add(time.Hour))
	for name, tt := range map[string]struct {
		i    *instance
		kind Kind
		text string
	}{
		"no role":        {&instance{list: 404}, Config, "has no role"},
		"empty list":     {&instance{}, Config, "has no role"},
		"version 1 only": {&instance{token: 404, role: "Runner", document: good}, Config, "refuses to answer (HTTP 404)"},
		"turned off":     {&instance{token: 403, role: "Runner", document: good}, Config, "refuses to answer (HTTP 403)"},
		"failing":        {&instance{creds: 503, role: "Runner"}, Wait, "is failing (HTTP 503)"},
		"trust":          {&instance{role: "Runner", document: metadataDocument("AssumeRoleUnauthorizedAccess", time.Now())}, Config, "(AssumeRoleUnauthorizedAccess)"},
		"odd code":       {&instance{role: "Runner", document: metadataDocument(canary+" 1", time.Now())}, Config, "gives no credentials"},
		"expired":        {&instance{role: "Runner", document: metadataDocument("Success", time.Now().Add(-time.Minute))}, Wait, "expired at"},
		"incomplete":     {&instance{role: "Runner", document: `{"Code":"Success","SecretAccessKey":"canary","Expiration":"2099-01-01T00:00:00Z"}`}, Wait, "lacks a key"},
		"null":           {&instance{role: "Runner", document: "null"}, Config, "gives no credentials"},
		"too large":      {&instance{role: "Runner", document: strings.Repeat(" ", localBody+1)}, Config, "an answer is larger than 64 KiB"},
		"stalled":        {&instance{role: "Runner", stall: true}, Wait, "broke off"},
		"no JSON":        {&instance{role: "Runner", document: canary}, Config, "is not the instance metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := startInstance(t, tt.i).Credentials(t.Context())
			wantError(t, err, tt.kind, tt.text)
		})
	}
	t.Run("not an instance", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		_, err := newIMDSAt(Spec{}, Deps{Now: time.Now}, server.URL).Credentials(t.Context())
		wantError(t, err, Config, "not an EC2 instance")
	})
}

// The SDK has no type for an instance without a role: its text is pinned.
func TestEmptyRoleList(t *testing.T) {
	server := httptest.NewServer(&instance{})
	defer server.Close()
	_, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) {
		o.Client = imds.New(imds.Options{Endpoint: server.URL, ClientEnableState: imds.ClientEnabled})
	}).Retrieve(t.Context())
	if err == nil || err.Error() != emptyRoleList {
		t.Errorf("the SDK says %q, want %q", err, emptyRoleList)
	}
}
