//go:build !windows

package cli

import "github.com/spf13/cobra"

// takesManager has nothing to do: service managers here run a program as a shell does.
func (s *Streams) takesManager(*cobra.Command) {}
