package fakeaws

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"
)

// openTrust lets everyone assume, tag and name its source.
const denyAll = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`

const openTrust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}`

func tags(pairs ...string) []types.Tag {
	var all []types.Tag
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, types.Tag{Key: aws.String(pairs[i]), Value: aws.String(pairs[i+1])})
	}
	return all
}

func manyTags(n, size int) []types.Tag {
	var all []types.Tag
	for i := range n {
		all = append(all, tags(fmt.Sprintf("key%d", i), strings.Repeat("v", size))...)
	}
	return all
}

func TestParameters(t *testing.T) {
	type in = sts.AssumeRoleInput
	s, key := start(t)
	if err := s.SetTrust(adminARN, openTrust); err != nil {
		t.Fatal(err)
	}
	c := client(s, key, "")
	for name, tt := range map[string]struct {
		change     func(*in)
		code, part string // "" where the request is good
	}{
		"plain":             {func(r *in) {}, "", ""},
		"short name":        {func(r *in) { r.RoleSessionName = aws.String("a") }, "ValidationError", "1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		"long name":         {func(r *in) { r.RoleSessionName = aws.String(strings.Repeat("a", 65)) }, "ValidationError", "less than or equal to 64"},
		"name with space":   {func(r *in) { r.RoleSessionName = aws.String("a b") }, "ValidationError", `regular expression pattern: [\w+=,.@-]*`},
		"two mistakes":      {func(r *in) { r.RoleSessionName, r.ExternalId = aws.String("a b"), aws.String("x") }, "ValidationError", "2 validation errors detected: "},
		"long external ID":  {func(r *in) { r.ExternalId = aws.String(strings.Repeat("a", 1225)) }, "ValidationError", "at 'externalId'"},
		"odd external ID":   {func(r *in) { r.ExternalId = aws.String("a b") }, "ValidationError", "at 'externalId'"},
		"odd ARN":           {func(r *in) { r.RoleArn = aws.String("arn:aws:iam::12345:role/Admin") }, "ValidationError", "arn:aws:iam::12345:role/Admin is invalid"},
		"ARN of a user":     {func(r *in) { r.RoleArn = aws.String(userARN) }, "ValidationError", " is invalid"},
		"899 s":             {func(r *in) { r.DurationSeconds = aws.Int32(899) }, "ValidationError", "greater than or equal to 900"},
		"900 s":             {func(r *in) { r.DurationSeconds = aws.Int32(900) }, "", ""},
		"12 h and 1 s":      {func(r *in) { r.DurationSeconds = aws.Int32(43201) }, "ValidationError", "less than or equal to 43200"},
		"over the role's":   {func(r *in) { r.DurationSeconds = aws.Int32(3601) }, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		"policy":            {func(r *in) { r.Policy = aws.String(denyAll) }, "", ""},
		"empty policy":      {func(r *in) { r.Policy = aws.String(`{"Version":"2012-10-17"}`) }, "MalformedPolicyDocument", "statement"},
		"broken policy":     {func(r *in) { r.Policy = aws.String(`{"Version":`) }, "MalformedPolicyDocument", "JSON"},
		"policy no object":  {func(r *in) { r.Policy = aws.String(`[]`) }, "MalformedPolicyDocument", "JSON"},
		"long policy":       {func(r *in) { r.Policy = aws.String(`{"Id":"` + strings.Repeat("a", 2048) + `"}`) }, "ValidationError", "at 'policy'"},
		"10 policies":       {func(r *in) { r.PolicyArns = policies(10) }, "", ""},
		"11 policies":       {func(r *in) { r.PolicyArns = policies(11) }, "ValidationError", "at 'policyArns'"},
		"50 tags":           {func(r *in) { r.Tags = manyTags(50, 10) }, "", ""},
		"51 tags":           {func(r *in) { r.Tags = manyTags(51, 10) }, "ValidationError", "at 'tags'"},
		"large tags":        {func(r *in) { r.Tags = manyTags(50, 250) }, "PackedPolicyTooLarge", "Packed policy consumes 312% of allotted space"},
		"tag twice":         {func(r *in) { r.Tags = tags("a", "1", "A", "2") }, "InvalidParameterValue", "Duplicate tag keys found"},
		"odd tag":           {func(r *in) { r.Tags = tags("a", "<>") }, "ValidationError", "at 'tags.1.member.value'"},
		"reserved tag":      {func(r *in) { r.Tags = tags("aws:a", "1") }, "InvalidParameterValue", "reserved"},
		"transitive":        {func(r *in) { r.Tags, r.TransitiveTagKeys = tags("a", "1"), []string{"A"} }, "", ""},
		"transitive unsent": {func(r *in) { r.TransitiveTagKeys = []string{"a"} }, "InvalidParameterValue", "must be included in the requested tags"},
		"code alone":        {func(r *in) { r.TokenCode = aws.String("123456") }, "ValidationError", "must provide both"},
		"short code":        {func(r *in) { r.TokenCode = aws.String("12345") }, "ValidationError", "at 'tokenCode'"},
		"no such device":    {withCode("arn:aws:iam::012345678901:mfa/dev", "123456"), "AccessDenied", "unable to validate MFA code"},
		"hardware device":   {withCode("GAHT12345678", "123456"), "AccessDenied", "unable to validate MFA code"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.AssumeRole(t.Context(), admin(tt.change))
			if tt.code != "" {
				wantError(t, err, tt.code, tt.part)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func policies(n int) []types.PolicyDescriptorType {
	var all []types.PolicyDescriptorType
	for i := range n {
		all = append(all, types.PolicyDescriptorType{Arn: aws.String(fmt.Sprintf("arn:aws:iam::aws:policy/Policy%d", i))})
	}
	return all
}

// What no SDK sends.
func TestRawParameters(t *testing.T) {
	s, key := start(t)
	for name, tt := range map[string]struct {
		form       url.Values
		code, part string
	}{
		"nothing":     {url.Values{}, "ValidationError", "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName'"},
		"no number":   {url.Values{"RoleArn": {adminARN}, "RoleSessionName": {"dev"}, "DurationSeconds": {"1h"}}, "ValidationError", "Value '1h' at 'durationSeconds'"},
		"empty value": {url.Values{"RoleArn": {adminARN}, "RoleSessionName": {"dev"}, "ExternalId": {""}}, "ValidationError", "Value '' at 'externalId'"},
	} {
		tt.form.Set("Action", "AssumeRole")
		tt.form.Set("Version", apiVersion)
		status, body := post(t, s, tt.form, signature{key: key})
		if e := parseError(t, body); status != 400 || e.Code != tt.code || !strings.Contains(e.Message, tt.part) {
			t.Errorf("%s: answer is %d %s: %q, want 400 %s: %q", name, status, e.Code, e.Message, tt.code, tt.part)
		}
	}
	noForm := signature{key: key, tamper: func(r *http.Request) { setBody(r, "Action=%zz") }}
	if status, body := post(t, s, whoAmI(), noForm); status != 400 || parseError(t, body).Code != "MalformedInput" {
		t.Errorf("no form: answer is %d: %s", status, body)
	}
}

func TestLongSession(t *testing.T) {
	s, key := start(t)
	addRole(t, s, Role{ARN: secondARN, MaxSession: 12 * time.Hour, Trust: TrustPolicy(userARN, "")})
	in := &sts.AssumeRoleInput{RoleArn: aws.String(secondARN), RoleSessionName: aws.String("dev"), DurationSeconds: aws.Int32(43200)}
	out, _ := assume(t, s, client(s, key, ""), in)
	if lasts := out.Credentials.Expiration.Sub(s.Now()); lasts < 12*time.Hour-time.Minute || lasts > 12*time.Hour {
		t.Errorf("session lasts %s, want 12h", lasts)
	}
	for _, d := range []time.Duration{59 * time.Minute, 12*time.Hour + time.Second} {
		if err := s.AddRole(Role{ARN: secondARN, MaxSession: d, Trust: openTrust}); err == nil {
			t.Errorf("a role with MaxSession %s was added", d)
		}
	}
}

func TestChainedSessionsLastAnHour(t *testing.T) {
	s, key := start(t)
	_, session := assume(t, s, client(s, key, ""), admin())
	addRole(t, s, Role{ARN: secondARN, MaxSession: 12 * time.Hour, Trust: TrustPolicy(adminARN, "")})
	in := &sts.AssumeRoleInput{RoleArn: aws.String(secondARN), RoleSessionName: aws.String("dev"), DurationSeconds: aws.Int32(3601)}
	_, err := session.AssumeRole(t.Context(), in)
	wantError(t, err, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")

	in.DurationSeconds = aws.Int32(3600)
	assume(t, s, session, in)

	device := addDevice(t, s, userARN)
	withCode(device.Serial, s.Code(device.Serial))(in)
	_, err = session.AssumeRole(t.Context(), in)
	wantError(t, err, "AccessDenied", "unable to validate MFA code")
}

func TestTagsGoOnThroughChains(t *testing.T) {
	s, key := start(t)
	if err := s.SetTrust(adminARN, openTrust); err != nil {
		t.Fatal(err)
	}
	_, session := assume(t, s, client(s, key, ""), admin(func(in *sts.AssumeRoleInput) {
		in.Tags, in.TransitiveTagKeys = tags("Project", "x", "Team", "y"), []string{"Project"}
	}))
	second := trusting(t, s, secondARN, "*")
	if _, err := session.AssumeRole(t.Context(), second); err == nil {
		t.Error("a transitive tag went on to a role that does not allow sts:TagSession")
	}
	if err := s.SetTrust(secondARN, openTrust); err != nil {
		t.Fatal(err)
	}
	_, chained := assume(t, s, session, second)

	second.Tags = tags("project", "z")
	_, err := chained.AssumeRole(t.Context(), second)
	wantError(t, err, "InvalidParameterValue", "conflicts with a transitive tag key from the calling session")
	second.Tags = tags("Team", "z")
	assume(t, s, chained, second)

	got := s.Requests()[0]
	if diff := cmp.Diff(map[string]string{"Project": "x", "Team": "y"}, got.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Project"}, got.TransitiveTags); diff != "" {
		t.Errorf("transitive tags (-want +got):\n%s", diff)
	}
}

func TestSourceIdentitySticks(t *testing.T) {
	s, key := start(t)
	if err := s.SetTrust(adminARN, openTrust); err != nil {
		t.Fatal(err)
	}
	out, session := assume(t, s, client(s, key, ""), admin(func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("dev") }))
	if got := aws.ToString(out.SourceIdentity); got != "dev" {
		t.Errorf("source identity is %q, want dev", got)
	}
	second := trusting(t, s, secondARN, "*")
	_, err := session.AssumeRole(t.Context(), second)
	wantError(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole")
	if err := s.SetTrust(secondARN, openTrust); err != nil {
		t.Fatal(err)
	}
	out, _ = assume(t, s, session, second)
	if got := aws.ToString(out.SourceIdentity); got != "dev" {
		t.Errorf("source identity of the chained session is %q, want dev", got)
	}
	second.SourceIdentity = aws.String("other")
	_, err = session.AssumeRole(t.Context(), second)
	wantError(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole")
}

// Closing a role stops new sessions only.
func TestSessionsOutliveTheirRole(t *testing.T) {
	s, key := start(t)
	_, session := assume(t, s, client(s, key, ""), admin())
	s.DeleteRole(adminARN)
	if _, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Error(err)
	}
	if err := s.SetTrust(adminARN, openTrust); err == nil {
		t.Error("the trust of a deleted role was set")
	}
}

func TestARNsAreChecked(t *testing.T) {
	s, _ := start(t)
	for _, arn := range []string{"", "dev", adminARN, "arn:aws:iam::1234:user/dev", "arn:aws:iam:eu-west-1:210987654321:user/dev", "arn:aws:iam::210987654321:user/"} {
		if _, err := s.AddUser(arn); err == nil {
			t.Errorf("user %q was added", arn)
		}
	}
	for _, arn := range []string{"", userARN, "arn:aws:iam::012345678901:role"} {
		if err := s.AddRole(Role{ARN: arn, Trust: openTrust}); err == nil {
			t.Errorf("role %q was added", arn)
		}
	}
	if err := s.AddRole(Role{ARN: secondARN}); err == nil {
		t.Error("a role without a trust policy was added")
	}
}
