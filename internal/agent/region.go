package agent

import (
	"cmp"

	"credd/internal/agent/roster"
	"credd/internal/partition"
)

const firstOfAll = "us-east-1" // where nothing names a partition

// FirstRegion is the region whose STS is asked where no setting names one, for the partition of the first text that is an ARN.
func FirstRegion(arns ...string) string {
	for _, arn := range arns {
		if p, ok := partition.OfARN(arn); ok {
			return p.First
		}
	}
	return firstOfAll
}

// region returns the region whose STS is asked: what the role says, its source, the defaults; then the region that the
// role works in, if nothing speaks of STS. ofSource is the region of the source's own files.
func (st *state) region(role *roster.Role, ofSource string) string {
	stsRegion := ""
	if s, ok := st.roster.Source(st.sourceName(role)); ok {
		stsRegion = s.STSRegion
	}
	in, _ := partition.Named(role.Partition)
	if s, ok := st.roster.Source(role.Source); ok && role.ARN == "" {
		in, _ = partition.Named(partitionOf(s))
	}
	d := st.roster.Settings.Defaults
	for _, r := range []string{role.STSRegion, stsRegion, d.STSRegion, ofSource, role.Region} {
		if r != "" {
			return r
		}
	}
	return cmp.Or(in.First, firstOfAll)
}
