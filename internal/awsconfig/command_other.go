//go:build !windows

package awsconfig

func shortPath(string) string { return "" }
