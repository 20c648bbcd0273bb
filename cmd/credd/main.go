// Command credd is the daemon that assumes roles for credhelper, and the commands that look after it.
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
