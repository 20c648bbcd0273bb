package cli

import (
	"io"
	"os"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Asks     bool // a person sits at In and may be asked
	Color    bool // Out shows colours
	Width    int  // columns of Out; 0: as many as it takes
}

// Std returns the streams of the process. Colours need a terminal that is not dumb, and NO_COLOR unset or empty.
func Std() *Streams {
	_, asks := screen(os.Stdin)
	width, terminal := screen(os.Stdout)
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Asks: asks, Width: width,
		Color: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}
