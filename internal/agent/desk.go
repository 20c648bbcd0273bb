package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"credd/internal/agent/source"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
)

const (
	mostKept = 64 // questions whose answers are remembered; sources are made anew by each reload
)

// desk asks each question once, however many wait for its answer: at one terminal after another, until one answers.
type desk struct {
	now func() time.Time

	mu       sync.Mutex
	lines    map[source.Asker]*line
	rests    map[source.Asker]rest
	answers  uint64                  // so far, to all questions
	answered map[source.Asker]uint64 // the last to each of them

	terminals terminals
}

// line are the callers that wait for one answer.
type line struct {
	turn chan struct{} // held by the caller that is asked
	done chan struct{}
	err  error // set before done is closed
	able int   // callers whose terminal may be asked
}

func newDesk(now func() time.Time) *desk {
	return &desk{now: now, lines: map[source.Asker]*line{}, rests: map[source.Asker]rest{}, answered: map[source.Asker]uint64{}}
}

// mark is the number of answers so far.
func (d *desk) mark() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answers
}

// ask returns nil once the question is answered, at whatever terminal; at once if it was since that mark. unanswered is the
// error where there is nobody to ask.
func (d *desk) ask(ctx context.Context, c *caller, q source.Asker, since uint64, until time.Time, unanswered error) error {
	l, err := d.join(q, since)
	if l == nil {
		return err
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	able, turn := true, l.turn
	for {
		if closed(l.done) {
			return l.outcome(unanswered)
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			d.leave(q, l, able)
			return ctx.Err()
		case <-timer.C:
			d.leave(q, l, able)
			return inTime(q)
		case <-turn:
			over := false
			if time.Until(until) > shortest {
				var err error
				if over, err = d.conduct(ctx, c, q, l, until); over && err != nil {
					d.finish(q, l, err)
				}
			}
			if over {
				continue
			}
			d.leave(q, l, able)
			l.turn <- struct{}{}
			if time.Until(until) <= shortest {
				return inTime(q)
			}
			able, turn = false, nil // this terminal cannot be asked; another can
		}
	}
}

// outcome is what the end of the question means to one who waited; nil before the end.
func (l *line) outcome(unanswered error) error {
	switch {
	case !closed(l.done):
		return nil
	case errors.Is(l.err, errNobody):
		return unanswered
	}
	return l.err
}

var errNobody = errors.New("there is no terminal to ask at")

// askNow asks at this terminal, whoever else is asked and whatever rest there is. The right answer is for all; a wrong one is
// this caller's own.
func (d *desk) askNow(ctx context.Context, c *caller, q source.Asker, unanswered error) error {
	d.mu.Lock()
	l := d.line(q)
	d.mu.Unlock()
	over, err := d.conduct(ctx, c, q, l, time.Now().Add(talkTimeout))
	d.leave(q, l, true)
	if !over {
		return unanswered
	}
	return err
}

// line returns the line of those who wait for an answer, with one more in it. d.mu is held.
func (d *desk) line(q source.Asker) *line {
	l := d.lines[q]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1), done: make(chan struct{})}
		l.turn <- struct{}{}
		d.lines[q] = l
	}
	l.able++
	return l
}

func inTime(q source.Asker) error {
	return &source.Error{Kind: source.Login, Message: "nobody answered in time: " + questionOf(q), Hint: "answer ahead of time: credd login SOURCE"}
}

func questionOf(q source.Asker) string {
	text, _ := q.Question()
	return text
}

// join returns the line of those who wait, nil if there is nothing to wait for.
func (d *desk) join(q source.Asker, since uint64) (*line, error) {
	l, r := d.enter(q, since)
	if r.until.IsZero() {
		return l, nil
	}
	return nil, &source.Error{
		Kind:    source.Login,
		Message: fmt.Sprintf("%s: not asked again for %d s: %s", r.why, r.until.Sub(d.now())/time.Second+1, questionOf(q)),
		Hint:    "answer from a terminal: credd login SOURCE",
	}
}

func (d *desk) enter(q source.Asker, since uint64) (*line, rest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answered[q] > since {
		return nil, rest{}
	}
	if r := d.rests[q]; d.now().Before(r.until) {
		return nil, r
	}
	return d.line(q), rest{}
}

// leave takes a caller out of those that can be asked. The question is over when there is none left.
func (d *desk) leave(q source.Asker, l *line, able bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !able {
		return
	}
	if l.able--; l.able == 0 {
		d.end(q, l, errNobody)
	}
}

// finish ends the question for all who wait.
func (d *desk) finish(q source.Asker, l *line, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end(q, l, err)
	if err != nil {
		return
	}
	if len(d.answered) >= mostKept {
		clear(d.answered)
		clear(d.rests)
	}
	delete(d.rests, q)
	d.answers++
	d.answered[q] = d.answers
}

// end is finish with d.mu held, and no matter how the question was answered.
func (d *desk) end(q source.Asker, l *line, err error) {
	if closed(l.done) {
		return
	}
	if d.lines[q] == l {
		delete(d.lines, q)
	}
	l.err = err
	close(l.done)
}

// conduct asks at one terminal. over is false where this terminal cannot be asked; else the question was answered, or err
// says why it will not be.
func (d *desk) conduct(ctx context.Context, c *caller, q source.Asker, l *line, until time.Time) (over bool, err error) {
	c.SetReadDeadline(until)
	quiet := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { // answered elsewhere: stop waiting here
		select {
		case <-l.done:
			c.SetReadDeadline(time.Unix(1, 0))
		case <-quiet:
		}
	})
	defer watch.Wait() // it would cut off the next question
	defer close(quiet)
	free, ok := d.terminals.take(ctx, peer.Terminal(c.Peer), l.done, until)
	if !ok {
		return closed(l.done), l.outcome(nil)
	}
	defer free()
	q.Begin()
	for wrong := ""; ; {
		switch {
		case closed(l.done):
			return true, l.err
		case time.Until(until) <= 0:
			return false, nil
		}
		text, hidden := q.Question()
		if wrong != "" {
			text = wrong + "; " + text
		}
		answer, err := c.ask(ipc.Question{Text: printable(text), Hidden: hidden})
		switch {
		case closed(l.done):
			return true, l.err
		case err != nil || answer.Status == ipc.NoTerminal:
			return false, nil
		case answer.Status == ipc.Declined:
			return true, d.declined(q)
		}
		var done bool
		done, wrong, err = d.answer(ctx, q, answer.Text)
		switch {
		case err != nil:
			return true, err
		case done:
			d.finish(q, l, nil)
			return true, nil
		}
		if wrong != "" {
			if err := d.wrong(q, wrong); err != nil {
				return true, err
			}
		}
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (d *desk) answer(ctx context.Context, q source.Asker, text string) (done bool, wrong string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return q.Answer(ctx, text)
}
