package fakeaws

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// boto runs a program of testdata and returns what it prints. botocore signs other headers than the Go SDK and reads
// the XML by another parser.
func boto(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "python3", append([]string{"testdata/" + name}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestBotocore(t *testing.T) {
	s, key := start(t)
	for name, tt := range map[string]struct{ secret, externalID, want string }{
		"granted":      {key.Secret, externalID, "arn:aws:sts::012345678901:assumed-role/Admin/boto 0:00:00"},
		"denied":       {key.Secret, "wrong", "403 An error occurred (AccessDenied) when calling the AssumeRole operation: User: " + userARN + " is not authorized to perform: sts:AssumeRole on resource: " + adminARN},
		"wrong secret": {"wrong", externalID, "403 An error occurred (SignatureDoesNotMatch) when calling the AssumeRole operation: The request signature we calculated"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := boto(t, "assume.py", s.URL(), key.ID, tt.secret, adminARN, tt.externalID); !strings.HasPrefix(got, tt.want) {
				t.Errorf("botocore says %q, want %q", got, tt.want)
			}
		})
	}
	if got := s.Requests()[0]; !strings.HasPrefix(got.UserAgent, "Boto3/") || got.Region != "eu-west-1" {
		t.Errorf("request is of %q in %q", got.UserAgent, got.Region)
	}
}

func TestBotocoreRenewsKeys(t *testing.T) {
	s, key := start(t)
	s.RequireMFA(userARN)
	serial := addDevice(t, s, userARN).Serial
	want := strings.Join([]string{
		"dev Active 0:00:00",
		"409 An error occurred (LimitExceeded) when calling the CreateAccessKey operation: Cannot exceed quota for AccessKeysPerUser: 2",
		"Inactive Active",
		"Active",
		"", // no key is left, and the session lives on
		userARN,
	}, "\n")
	if got := boto(t, "keys.py", s.URL(), key.ID, key.Secret, serial, s.Code(serial)); got != want {
		t.Errorf("botocore says\n%s\nwant\n%s", got, want)
	}
}
