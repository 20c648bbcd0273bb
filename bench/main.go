// Command bench measures what credd claims, each as a ratio to something built and run beside it. bench/run runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

// row is a line of the table.
type row struct {
	what  string
	got   float64
	unit  string
	bound float64 // most, or with least set the least
	least bool
	note  string // the numbers behind it
}

func (r row) ok() bool {
	if r.least {
		return r.got >= r.bound
	}
	return r.got <= r.bound
}

func main() {
	quick := flag.Bool("quick", false, "a tenth of the repetitions: for trying the benchmark itself")
	idle := flag.Bool("idle", false, "also measure the idle daemon, which takes seven minutes")
	bin := flag.String("bin", "", "where the binaries are")
	flag.Parse()
	if err := run(*bin, *quick, *idle); err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

func run(bin string, quick, idle bool) error {
	b := &bench{bin: bin, scale: 10}
	if quick {
		b.scale = 1
	}
	parts := []func() ([]row, error){b.helper, b.throughput, b.cold, b.revoked, b.memory, b.large, b.completion}
	if idle {
		parts = append(parts, b.idle)
	}
	fmt.Printf("%-52s %10s  %-9s  %s\n", "WHAT", "GOT", "BOUND", "FROM")
	missed := 0
	for _, part := range parts {
		rows, err := part()
		if err != nil {
			return err
		}
		for _, r := range rows {
			mark, sign := "✓", "≤"
			if !r.ok() {
				mark, missed = "✗", missed+1
			}
			if r.least {
				sign = "≥"
			}
			fmt.Printf("%-52s %8.2f%-2s  %s %-5s %s  %s\n", r.what, r.got, r.unit, sign, strings.TrimSuffix(fmt.Sprintf("%.2f", r.bound), ".00"), mark, r.note)
		}
	}
	if !idle {
		fmt.Println("idle daemon: not measured; bench/run --idle does, in seven minutes")
	}
	fmt.Printf("%d bounds missed\n", missed)
	return nil
}
