package cli

import (
	"strings"
	"testing"
)

func TestAnswersThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		check      func(string) error
		text, want string // "": it can be
	}{
		{likeRoleARN, "arn:aws:iam::012345678901:role/a/Admin", ""},
		{likeRoleARN, "arn:aws:iam::012345678901:user/ana", "that is a user"},
		{likeRoleARN, "arn:aws:sts::012345678901:assumed-role/Admin/ana", "that is a session"},
		{likeRoleARN, "Admin", "such as arn:"},
		{likeExternalID, "0f5c-1d9a", ""},
		{likeExternalID, "0f5c 1d9a", "no blanks"},
		{likeExternalID, "x", "2 to 1224"},
		{likeService, "northwind", ""},
		{likeService, "North Wind GmbH", "no blanks"},
		{likeRegion, "us-gov-west-1", ""},
		{likeRegion, "eu-west-1a", "such as"},
		{likeRegion, "Ireland", "such as"},
		{likeKeyID, "AKIAIOSFODNN7EXAMPLE", ""},
		{likeKeyID, "ASIAIOSFODNN7EXAMPLE", "temporary"},
		{likeKeyID, "AKIA IOSFODNN7EXAMPLE", "capital letters"},
		{likeKeyID, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "capital letters"},
		{likeSecret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""},
		{likeSecret, "AKIAIOSFODNN7EXAMPLE", "is an access key ID"},
	} {
		err := c.check(c.text)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}
