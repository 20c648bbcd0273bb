//go:build linux

package box

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// makeGroups makes control groups of this name below our own, one in each hierarchy that systemd uses: two machines in one group
// would take each other's services for their own.
func makeGroups(name string) ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	var groups []string
	for line := range strings.Lines(string(own)) {
		_, line, _ = strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		hierarchy, path, _ := strings.Cut(line, ":")
		at := mountOf(string(mounts), hierarchy)
		if at == "" {
			continue
		}
		group := filepath.Join(at, path, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			for _, made := range groups {
				os.Remove(made)
			}
			return nil, err
		}
		groups = append(groups, group)
	}
	if len(groups) == 0 {
		return nil, errors.New("there is no control group file system for systemd on this machine")
	}
	return groups, nil
}

// mountOf returns where the hierarchy is mounted: that of version 2, named "", or systemd's own one of version 1.
func mountOf(mounts, hierarchy string) string {
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		f, kind := strings.Fields(before), strings.Fields(after)
		if len(f) < 5 || len(kind) < 3 {
			continue
		}
		if hierarchy == "" && kind[0] == "cgroup2" || hierarchy == "name=systemd" && kind[0] == "cgroup" && strings.Contains(kind[2], hierarchy) {
			return f[4]
		}
	}
	return ""
}

// gone waits until the groups are removed, and so all their processes have ended.
func gone(groups []string) error {
	for end := time.Now().Add(patient); ; time.Sleep(poll) {
		left := slices.ContainsFunc(groups, func(g string) bool { _, err := os.Stat(g); return err == nil })
		if !left {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("processes of the box do not end: %v", groups)
		}
	}
}
