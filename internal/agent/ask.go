package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"credd/internal/agent/source"
	"credd/internal/agent/vault"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
)

const (
	askTimeout    = 45 * time.Second // for a person to answer, within the helper's 50 s
	answerTimeout = 20 * time.Second // for what the answer is used for
	mostQuestions = 4                // of one request: the vault's passphrase and a code, and one of them again
	mostTries     = 4                // at one question, before asking pauses
	firstRest     = time.Minute      // after that many wrong answers; doubled each time
	longestRest   = 15 * time.Minute
)

// caller is a connection with a request, and the person at its other end.
type caller struct {
	*socket.Conn
	in *bufio.Reader
}

// ask puts a question to the terminal behind the connection.
func (c *caller) ask(q ipc.Question, until time.Time) (ipc.Answer, error) {
	c.SetWriteDeadline(time.Now().Add(ioTimeout))
	if _, err := c.Write(ipc.Append(nil, ipc.KindQuestion, ipc.AppendQuestion(nil, q))); err != nil {
		return ipc.Answer{}, err
	}
	kind, payload, err := ipc.Read(c.in, ipc.MaxAnswer)
	if err != nil {
		return ipc.Answer{}, err
	}
	if kind != ipc.KindAnswer {
		return ipc.Answer{}, ipc.ErrUnsupported
	}
	return ipc.ParseAnswer(payload)
}

// asker returns the question whose answer would mend an error, nil if there is none.
func asker(err error) source.Asker {
	var s *source.Error
	var v *vault.Error
	switch {
	case errors.As(err, &s) && s.Ask != nil:
		return s.Ask
	case errors.As(err, &v) && v.Ask != nil:
		return v.Ask
	}
	return nil
}

// answered does what try does. Where that fails for want of an answer, the answer is asked for, and it tries again.
func (a *Agent) answered(ctx context.Context, c *caller, ahead bool, try func() error) error {
	until := time.Now().Add(askTimeout)
	for n := 0; ; n++ {
		since := a.desk.mark()
		err := try()
		q := asker(err)
		if q == nil || n == mostQuestions {
			return err
		}
		switch aerr := a.desk.ask(ctx, c, q, since, until, ahead); {
		case errors.Is(aerr, errNobody):
			return err // which says what to do
		case aerr != nil:
			return aerr
		}
	}
}

var errNobody = errors.New("there is no terminal to ask at")

// desk asks each question once, however many wait for its answer: at one terminal after another, until one answers.
type desk struct {
	now func() time.Time

	mu       sync.Mutex
	lines    map[source.Asker]*line
	rests    map[source.Asker]rest
	answers  uint64                  // so far, to all questions
	answered map[source.Asker]uint64 // the last to each of them
}

// mark is the number of answers so far.
func (d *desk) mark() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answers
}

// line are the callers that wait for one answer.
type line struct {
	turn chan struct{} // held by the caller that is asked
	done chan struct{}
	err  error // set before done is closed
	able int   // callers whose terminal may be asked
}

// rest keeps a question from being asked after too many wrong answers.
type rest struct {
	until time.Time
	next  time.Duration
}

// ask returns nil once the question is answered, at whatever terminal; at once if it was answered since that mark. ahead
// asks here and now, whoever else is asked.
func (d *desk) ask(ctx context.Context, c *caller, q source.Asker, since uint64, until time.Time, ahead bool) error {
	l, err := d.join(q, since, ahead)
	if l == nil {
		return err
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	turn := l.turn
	if ahead {
		turn = make(chan struct{}, 1)
		turn <- struct{}{}
	}
	for {
		select {
		case <-l.done:
			return l.err
		case <-ctx.Done():
			d.leave(q, l, turn != nil)
			return ctx.Err()
		case <-timer.C:
			d.leave(q, l, turn != nil)
			return &source.Error{Kind: source.Login, Message: "nobody answered in time: " + questionOf(q), Hint: "answer ahead of time: credd login SOURCE"}
		case <-turn:
			if !d.conduct(ctx, c, q, l, until) {
				if !ahead {
					l.turn <- struct{}{}
				}
				turn = nil
				d.leave(q, l, true)
			}
		}
	}
}

func questionOf(q source.Asker) string {
	text, _ := q.Question()
	return text
}

// join returns the line of those who wait, nil if there is nothing to wait for.
func (d *desk) join(q source.Asker, since uint64, ahead bool) (*line, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answered[q] > since && !ahead {
		return nil, nil
	}
	if r := d.rests[q]; !ahead && d.now().Before(r.until) {
		return nil, &source.Error{
			Kind:    source.Login,
			Message: fmt.Sprintf("too many wrong answers: not asked again for %d s: %s", r.until.Sub(d.now())/time.Second+1, questionOf(q)),
			Hint:    "answer from a terminal: credd login SOURCE",
		}
	}
	l := d.lines[q]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1), done: make(chan struct{})}
		l.turn <- struct{}{}
		d.lines[q] = l
	}
	l.able++
	return l, nil
}

// leave takes a caller out of those that can be asked. The question is over when there is none left.
func (d *desk) leave(q source.Asker, l *line, able bool) {
	if !able {
		return
	}
	d.mu.Lock()
	l.able--
	last := l.able == 0
	d.mu.Unlock()
	if last {
		d.finish(q, l, errNobody)
	}
}

// finish ends the question for all who wait.
func (d *desk) finish(q source.Asker, l *line, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-l.done:
		return
	default:
	}
	if d.lines[q] == l {
		delete(d.lines, q)
	}
	if err == nil {
		delete(d.rests, q)
		d.answers++
		d.answered[q] = d.answers
	}
	l.err = err
	close(l.done)
}

// conduct asks at one terminal. It reports whether the question is over; if not, this terminal cannot be asked.
func (d *desk) conduct(ctx context.Context, c *caller, q source.Asker, l *line, until time.Time) bool {
	c.SetReadDeadline(until)
	quiet := make(chan struct{})
	defer close(quiet)
	go func() { // answered elsewhere: stop waiting here
		select {
		case <-l.done:
			c.SetReadDeadline(time.Unix(1, 0))
		case <-quiet:
		}
	}()
	again := ""
	for range mostTries {
		text, hidden := q.Question()
		if again != "" {
			text = again + "; " + text
		}
		answer, err := c.ask(ipc.Question{Text: printable(text), Hidden: hidden}, until)
		select {
		case <-l.done:
			return true
		default:
		}
		switch {
		case err != nil || answer.Status == ipc.NoTerminal:
			return false
		case answer.Status == ipc.Declined:
			d.finish(q, l, &source.Error{Kind: source.Login, Message: "declined at the terminal: " + questionOf(q)})
			return true
		}
		if again, err = d.answer(ctx, q, answer.Text); err != nil || again == "" {
			d.finish(q, l, err)
			return true
		}
	}
	d.finish(q, l, d.pause(q, again))
	return true
}

func (d *desk) answer(ctx context.Context, q source.Asker, text string) (again string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return q.Answer(ctx, text)
}

// pause begins a rest.
func (d *desk) pause(q source.Asker, why string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rests[q]
	if r.next == 0 {
		r.next = firstRest
	}
	d.rests[q] = rest{until: d.now().Add(r.next), next: min(2*r.next, longestRest)}
	return &source.Error{Kind: source.Login, Message: why + ": given up after " + fmt.Sprint(mostTries) + " answers"}
}
