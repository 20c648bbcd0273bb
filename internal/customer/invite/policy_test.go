package invite

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadPolicy(t *testing.T) {
	const text = `{
  "Version": "2012-10-17",
  "Id": "of ours",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:List*"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/${aws:username}/*"]},
    {"Effect": "Deny", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::b",
     "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}, "Bool": {"aws:SecureTransport": true}, "NumericLessThan": {"s3:max-keys": 10}}},
    {"Effect": "Allow", "Action": "*", "Resource": "*"}
  ]
}`
	p, err := ReadPolicy([]byte(text))
	check(t, err)
	var got, want map[string]any
	check(t, json.Unmarshal([]byte(p.Policy), &got))
	check(t, json.Unmarshal([]byte(text), &want))
	delete(want, "Id")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("another policy: %s", d)
	}
	if d := cmp.Diff([]string{
		"May use s3:GetObject and s3:List* on arn:aws:s3:::b and arn:aws:s3:::b/${aws:username}/*.",
		"May never do anything at all except s3:* on everything in the account except arn:aws:s3:::b, under conditions that the policy names.",
		"May do anything at all on everything in the account.",
	}, p.Plain); d != "" {
		t.Error(d)
	}
}

// TestPoliciesThatAWSRefuses names the line of each fault.
func TestPoliciesThatAWSRefuses(t *testing.T) {
	statement := func(s string) string { return "{\"Version\": \"2012-10-17\",\n\"Statement\": [\n{" + s + "}]}" }
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "line 1: the document ends too early"},
		{"no JSON", "Version: 2012", "line 1: invalid character 'V'"},
		{"cut off", "{\"Version\":\n\"2012-10-17\",\n", "line 3: "},
		{"a list", "[]", "line 1: a policy is an object"},
		{"more after it", `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}` + "\n{}", "line 2: there is more after the document"},
		{"a key twice", statement(`"Effect": "Allow",` + "\n" + `"Effect": "Deny", "Action": "*", "Resource": "*"`), `line 4: "Effect" is there twice`},
		{"a policy of 2008", `{"Version": "2008-10-17", "Statement": []}`, `line 1: "Version" is not "2012-10-17"`},
		{"no version", `{"Statement": []}`, `"Version" is not "2012-10-17"`},
		{"no statement", `{"Version": "2012-10-17"}`, `"Statement" is not a statement`},
		{"an empty list", `{"Version": "2012-10-17", "Statement": []}`, `"Statement" is not a statement`},
		{"an unknown key", statement(`"Effect": "Allow", "Actions": "*", "Resource": "*"`), `line 3: "Actions" is not known`},
		{"a trust policy", statement(`"Effect": "Allow",` + "\n" + `"Principal": "*", "Action": "*", "Resource": "*"`), `line 4: "Principal" is of a trust policy`},
		{"no effect", statement(`"Action": "*", "Resource": "*"`), `line 3: "Effect" is neither`},
		{"an effect in small letters", statement(`"Effect": "allow", "Action": "*", "Resource": "*"`), `line 3: "Effect" is neither`},
		{"no action", statement(`"Effect": "Allow", "Resource": "*"`), `neither "Action" nor "NotAction"`},
		{"both actions", statement(`"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"`), `both "Action" and "NotAction"`},
		{"an empty action", statement(`"Effect": "Allow", "Action": [], "Resource": "*"`), `"Action" is empty`},
		{"an action without service", statement(`"Effect": "Allow", "Action": ["s3:*",` + "\n" + `"GetObject"], "Resource": "*"`), `line 4: "GetObject" is no action`},
		{"an action that is a number", statement(`"Effect": "Allow", "Action": [1], "Resource": "*"`), `"Action" is not a text`},
		{"a resource that is no ARN", statement(`"Effect": "Allow", "Action": "*", "Resource": "b/*"`), `"b/*" is no resource`},
		{"a Sid with a blank", statement(`"Sid": "a b", "Effect": "Allow", "Action": "*", "Resource": "*"`), `"Sid" is not of letters and digits`},
		{"an unknown operator", statement(`"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringIs": {"aws:x": "y"}}`), `"StringIs" is no condition operator`},
		{"a condition without key", statement(`"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {}}`), `"Bool" is not an object of condition keys`},
		{"a key without service", statement(`"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"x": "true"}}`), `"x" is no condition key`},
		{"null", statement(`"Effect": "Allow", "Action": "*", "Resource": null`), `line 3: null is no value`},
		{"letters that IAM takes none of", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::東"`), "which AWS takes in no policy"},
		{"what CloudFormation would resolve", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::{{resolve:ssm:x}}"`), "CloudFormation would resolve"},
		{"a number of its own form", statement(`"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NumericLessThan": {"aws:x": 1e3}}`), "put it in quotes"},
		{"no UTF-8", "{\"\xff\": 1}", "line 1: this is no UTF-8 text"},
		{"too deep", strings.Repeat("[", 100_000), "nested too deeply"},
	} {
		_, err := ReadPolicy([]byte(test.text))
		var line *LineError
		if err == nil || !errors.As(err, &line) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.want)
		}
	}
}

// FuzzReadPolicy: whatever is taken is written so that it is taken again, as the same.
func FuzzReadPolicy(f *testing.F) {
	seeds := []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:x":true}}}}`,
		`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","NotAction":["*"],"NotResource":["arn:aws:s3:::${a}"]}]}`, `{}`, `[`}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		p, err := ReadPolicy(document)
		if err != nil {
			return
		}
		again, err := ReadPolicy([]byte(p.Policy))
		if d := cmp.Diff(p, again); err != nil || d != "" {
			t.Errorf("got %v\n%s", err, d)
		}
		if p.Actions(3); len(p.Plain) == 0 {
			t.Error("no sentence")
		}
	})
}
