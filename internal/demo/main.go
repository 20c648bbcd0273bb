// Command demo shows credd's main job end to end on a simulated AWS. It needs no account and leaves nothing behind.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, err := os.Executable()
	if err == nil {
		err = run(ctx, filepath.Dir(self))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo: error:", err)
		stop()
		os.Exit(1)
	}
}

// run shows the demo with the credd and credhelper in bin.
func run(ctx context.Context, bin string) (err error) {
	w, err := newWorld(bin)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := w.close(); err == nil {
			err = cerr
		}
	}()
	for _, step := range []func(context.Context, *world) error{
		customers, document, awsCLI, crowd, strangers, trail, vault, moving, invitation, leaving,
	} {
		if err := step(ctx, w); err != nil {
			return err
		}
	}
	fmt.Println("\nDone. Nothing is left running, and the home that this was shown in is gone. With an account of your own: credd init (README.md)")
	return nil
}
