//go:debug updatemaxprocs=0

// Command credd is the daemon that assumes roles for credhelper, and the commands that look after it. The debug setting keeps
// Go from waking it to look how many processors it may use.
package main

import (
	"context"
	"os"

	"credd/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], &cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Color: cli.ShowsColor(os.Stdout),
	}))
}
