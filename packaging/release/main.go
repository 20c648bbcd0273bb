// Command release makes what is published of credd: binaries, archives, packages, a formula, a manifest, lists of parts and
// checksums. The same commit gives the same bytes, in any folder.
//
//	release [--out DIR] [--version V] [--only OS/ARCH,…]    make it
//	release compare DIR DIR PATTERN                         tell the files that are not the same in both
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release: error:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == "compare" {
		if len(args) != 4 {
			return errors.New("compare needs two folders and a pattern of names, such as '*'")
		}
		return compare(args[1], args[2], args[3], out)
	}
	r, err := parse(args)
	if err != nil {
		return err
	}
	r.tell = func(line string) { fmt.Fprintln(out, line) }
	return r.make()
}

// release is one that is being made.
type release struct {
	version    version
	at         time.Time // of the commit; every time that is written anywhere is this
	baseURL    string    // of the folder that has one of each version
	homepage   string
	maintainer string

	root    string // of the tree
	out     string // what is published
	work    string // what is not
	targets []target

	tell func(line string)
}

func parse(args []string) (*release, error) {
	r := &release{}
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	set.StringVar(&r.root, "root", ".", "folder of the tree")
	set.StringVar(&r.out, "out", "dist", "folder to make; what is in it goes")
	set.StringVar(&r.baseURL, "base-url", "https://downloads.credd.example", "where releases are published, without the version")
	set.StringVar(&r.homepage, "homepage", "https://credd.example", "homepage of the project")
	set.StringVar(&r.maintainer, "maintainer", "The credd authors <maintainers@credd.example>", "who answers for the packages")
	named := set.String("version", "", "version; else git's tag, or date and commit")
	only := set.String("only", "", "targets, such as linux/amd64,linux/arm64; else all")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("%s is not understood", set.Arg(0))
	}
	var err error
	if r.targets, err = chosen(*only); err != nil {
		return nil, err
	}
	if r.root, err = filepath.Abs(r.root); err != nil {
		return nil, err
	}
	if r.out, err = filepath.Abs(r.out); err != nil {
		return nil, err
	}
	return r, r.date(*named)
}

// date finds out version and time: what is given goes before what git says.
func (r *release) date(named string) (err error) {
	at := os.Getenv("SOURCE_DATE_EPOCH")
	if named == "" || at == "" {
		if r.version, r.at, err = fromGit(r.root); err != nil {
			return err
		}
	}
	if named != "" {
		if r.version, err = parseVersion(named); err != nil {
			return err
		}
	}
	if at != "" {
		r.at, err = epoch(at)
	}
	return err
}

func epoch(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time in seconds", text)
	}
	return time.Unix(n, 0).UTC(), nil
}

func chosen(only string) ([]target, error) {
	if only == "" {
		return targets, nil
	}
	var some []target
	for name := range strings.SplitSeq(only, ",") {
		n := len(some)
		for _, t := range targets {
			if t.String() == name {
				some = append(some, t)
			}
		}
		if len(some) == n {
			return nil, fmt.Errorf("%s is no target: %v are", name, targets)
		}
	}
	return some, nil
}

// make empties the folder and fills it.
func (r *release) make() (err error) {
	if r.work, err = os.MkdirTemp("", "credd-release-"); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	r.tell(fmt.Sprintf("credd %s of %s", r.version, r.at.Format(time.RFC3339)))
	if err := r.materials(); err != nil {
		return err
	}
	for _, t := range r.targets {
		r.tell(t.String())
		if err := r.target(t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if err := r.manifests(); err != nil {
		return err
	}
	return r.sums()
}

// target makes all that is of one system.
func (r *release) target(t target) error {
	for _, step := range []func(target) error{r.build, r.parts, r.archive, r.packages} {
		if err := step(t); err != nil {
			return err
		}
	}
	return nil
}

// file is the name of something published.
func (r *release) file(t target, ext string) string {
	return fmt.Sprintf("%s_%s_%s_%s.%s", project.Name, r.version, t.os, t.arch, ext)
}

// source is where a file of the tables is: made here, a binary, or of the tree.
func (r *release) source(name string, t target) string {
	if rest, is := strings.CutPrefix(name, "made/"); is {
		return filepath.Join(r.work, "made", rest)
	}
	if rest, is := strings.CutPrefix(name, "bin/"); is {
		return filepath.Join(r.bin(t), t.program(rest))
	}
	return filepath.Join(r.root, name)
}
