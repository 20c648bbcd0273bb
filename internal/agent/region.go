package agent

import (
	"strings"

	"credd/internal/agent/roster"
)

// firstRegions hold the STS endpoint to ask where nothing names a region, by partition.
var firstRegions = map[string]string{
	"aws":        "us-east-1",
	"aws-cn":     "cn-north-1",
	"aws-us-gov": "us-gov-west-1",
	"aws-iso":    "us-iso-east-1",
	"aws-iso-b":  "us-isob-east-1",
	"aws-iso-e":  "eu-isoe-west-1",
	"aws-iso-f":  "us-isof-south-1",
	"aws-eusc":   "eusc-de-east-1",
}

// FirstRegion is the region whose STS is asked where no setting names one, for the partition of the first text that is an ARN.
func FirstRegion(arns ...string) string {
	for _, arn := range arns {
		if parts := strings.SplitN(arn, ":", 3); len(parts) == 3 && firstRegions[parts[1]] != "" {
			return firstRegions[parts[1]]
		}
	}
	return firstRegions["aws"]
}

// region returns the region whose STS is asked: what the role says, its source, the defaults; then the region that the
// role works in, if nothing speaks of STS. ofSource is the region of the source's own files.
func (st *state) region(role *roster.Role, ofSource string) string {
	stsRegion := ""
	if s, ok := st.roster.Source(st.sourceName(role)); ok {
		stsRegion = s.STSRegion
	}
	partition := role.Partition
	if s, ok := st.roster.Source(role.Source); ok && role.ARN == "" {
		partition = partitionOf(s)
	}
	d := st.roster.Settings.Defaults
	for _, r := range []string{role.STSRegion, stsRegion, d.STSRegion, ofSource, role.Region, firstRegions[partition]} {
		if r != "" {
			return r
		}
	}
	return firstRegions["aws"]
}
