package agent

import (
	"fmt"
	"time"

	"credd/internal/agent/source"
)

const (
	mostWrong    = 4           // answers to one question in a row, before asking rests
	firstRest    = time.Minute // doubled each time
	longestRest  = 15 * time.Minute
	declinedRest = 5 * time.Second // so that who says no to one of a hundred processes is not asked by the next
)

// rest keeps a question from being asked for a while.
type rest struct {
	wrong int // answers in a row
	why   string
	until time.Time
	next  time.Duration // how long the next rest is
}

// wrong counts a wrong answer, at whatever terminal. It returns an error, and begins a rest, after too many.
func (d *desk) wrong(q source.Asker, why string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rests[q]
	if r.wrong++; r.wrong < mostWrong {
		d.rests[q] = r
		return nil
	}
	pause := max(r.next, firstRest)
	d.rests[q] = rest{why: "too many wrong answers", until: d.now().Add(pause), next: min(2*pause, longestRest)}
	return &source.Error{Kind: source.Login, Message: fmt.Sprintf("%s: given up after %d answers", why, mostWrong), Hint: "see that mfa_serial is that of this device and this machine's clock is right; then: credd login SOURCE"}
}

func (d *desk) declined(q source.Asker) error {
	text := questionOf(q)
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rests[q]
	r.why, r.until = "declined at the terminal", d.now().Add(declinedRest)
	d.rests[q] = r
	return &source.Error{Kind: source.Login, Message: r.why + ": " + text}
}
