package partition

import "testing"

func TestRegions(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws", "eu-west-1": "aws", "ap-southeast-2": "aws", "il-central-1": "aws", "ca-west-1": "aws", "mx-central-1": "aws", "me-central-1": "aws",
		"cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-gov-east-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f",
		"": "", "us-east": "", "us-east-": "", "us-east-100": "", "us-east-1a": "", "US-east-1": "", "xx-east-1": "", "us--1": "", "us-east-1-1": "", "eusc-east-1": "",
		"us-east-1.evil.example": "",
	} {
		p, ok := OfRegion(region)
		if p.Name != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", region, p.Name, ok, want)
		}
		for _, other := range all {
			if other.Has(region) != (other.Name == want) {
				t.Errorf("%s has %q: got %v", other.Name, region, other.Has(region))
			}
		}
	}
}

func TestFirstRegionsAreTheirOwn(t *testing.T) {
	for _, p := range all {
		if !p.Has(p.First) {
			t.Errorf("%s has not %s", p.Name, p.First)
		}
		if got, ok := OfARN("arn:" + p.Name + ":iam::012345678901:role/Admin"); !ok || got.Name != p.Name {
			t.Errorf("%s: got %q, %v", p.Name, got.Name, ok)
		}
	}
	for _, arn := range []string{"", "arn", "arn:aws", "arn:aws-mars:iam::012345678901:role/Admin", "aws:aws:x"} {
		if p, ok := OfARN(arn); ok {
			t.Errorf("%q: got %s", arn, p.Name)
		}
	}
}
