// Package partition knows the AWSes that have neither accounts nor hosts in common: which regions each has, and where it is.
package partition

import "strings"

// Partition is an AWS of its own.
type Partition struct {
	Name     string
	First    string // the region to ask where nothing names one, for which its IAM is signed, too (IAM endpoints and quotas)
	Console  string // the host of its console; "" where AWS tells that only to its customers there
	Services string // the end of its services' hosts

	begins []string // its regions
	words  int      // between that and the number
}

var all = []Partition{
	{"aws", "us-east-1", "console.aws.amazon.com", "amazonaws.com", []string{"us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"}, 1},
	{"aws-cn", "cn-north-1", "console.amazonaws.cn", "amazonaws.com.cn", []string{"cn-"}, 1},
	{"aws-us-gov", "us-gov-west-1", "console.amazonaws-us-gov.com", "amazonaws.com", []string{"us-gov-"}, 1},
	{"aws-eusc", "eusc-de-east-1", "console.amazonaws-eusc.eu", "amazonaws.eu", []string{"eusc-"}, 2},
	{"aws-iso", "us-iso-east-1", "", "c2s.ic.gov", []string{"us-iso-"}, 1},
	{"aws-iso-b", "us-isob-east-1", "", "sc2s.sgov.gov", []string{"us-isob-"}, 1},
	{"aws-iso-e", "eu-isoe-west-1", "", "cloud.adc-e.uk", []string{"eu-isoe-"}, 1},
	{"aws-iso-f", "us-isof-south-1", "", "csp.hci.ic.gov", []string{"us-isof-"}, 1},
}

// Named returns a partition. Its zero value is none, without regions.
func Named(name string) (p Partition, ok bool) {
	for _, p := range all {
		if p.Name == name {
			return p, true
		}
	}
	return Partition{}, false
}

// OfRegion returns the partition that has a region.
func OfRegion(region string) (p Partition, ok bool) {
	for _, p := range all {
		if p.Has(region) {
			return p, true
		}
	}
	return Partition{}, false
}

// OfARN returns the partition of what an ARN names.
func OfARN(arn string) (p Partition, ok bool) {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || parts[0] != "arn" {
		return Partition{}, false
	}
	return Named(parts[1])
}

// Has reports whether a region can be one of the partition's, by its name: there are new ones each year.
func (p Partition) Has(region string) bool {
	for _, b := range p.begins {
		if rest, ok := strings.CutPrefix(region, b); ok && p.endsSo(rest) {
			return true
		}
	}
	return false
}

// endsSo reports whether a text is a region's words and number.
func (p Partition) endsSo(text string) bool {
	parts := strings.Split(text, "-")
	if len(parts) != p.words+1 {
		return false
	}
	for i, part := range parts {
		letters := "abcdefghijklmnopqrstuvwxyz"
		if i == p.words {
			letters = "0123456789"
		}
		if part == "" || i == p.words && len(part) > 2 || strings.Trim(part, letters) != "" {
			return false
		}
	}
	return true
}
