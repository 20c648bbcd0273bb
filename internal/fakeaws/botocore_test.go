package fakeaws

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// botocore signs other headers than the Go SDK and reads the XML by another parser.
func TestBotocore(t *testing.T) {
	s, key := start(t)
	for name, tt := range map[string]struct{ secret, externalID, want string }{
		"granted":      {key.Secret, externalID, "arn:aws:sts::012345678901:assumed-role/Admin/boto 0:00:00"},
		"denied":       {key.Secret, "wrong", "403 An error occurred (AccessDenied) when calling the AssumeRole operation: User: " + userARN + " is not authorized to perform: sts:AssumeRole on resource: " + adminARN},
		"wrong secret": {"wrong", externalID, "403 An error occurred (SignatureDoesNotMatch) when calling the AssumeRole operation: The request signature we calculated"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "python3", "testdata/assume.py", s.URL(), key.ID, tt.secret, adminARN, tt.externalID)
			cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1"}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if got := strings.TrimSpace(string(out)); !strings.HasPrefix(got, tt.want) {
				t.Errorf("botocore says %q, want %q", got, tt.want)
			}
		})
	}
	if got := s.Requests()[0]; !strings.HasPrefix(got.UserAgent, "Boto3/") || got.Region != "eu-west-1" {
		t.Errorf("request is of %q in %q", got.UserAgent, got.Region)
	}
}
