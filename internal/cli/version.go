package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version is set by the linker.
var Version string

func newVersionCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  credd version", Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			return s.say("credd %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// version is what the linker was told, else what the module system recorded: a tag after go install credd@version.
func version() string {
	if Version != "" {
		return Version
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "unknown"
}
