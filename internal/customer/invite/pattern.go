package invite

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used. The daemon and every command link this package, and most
// never ask for one: all of them together would cost each start a millisecond and 0.7 MB.
type pattern struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func newPattern(text string) *pattern { return &pattern{text: text} }

func (p *pattern) compiled() *regexp.Regexp {
	p.once.Do(func() { p.re = regexp.MustCompile(p.text) })
	return p.re
}

func (p *pattern) matches(s string) bool { return p.compiled().MatchString(s) }
