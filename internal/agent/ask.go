package agent

import (
	"bufio"
	"context"
	"errors"
	"time"

	"credd/internal/agent/source"
	"credd/internal/agent/vault"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
)

const (
	askTimeout    = 35 * time.Second // for a person to answer a helper, whose own time is 50 s
	talkTimeout   = 2 * time.Minute  // … or a command, at each question
	shortest      = 5 * time.Second  // with less left a terminal is not asked any more
	answerTimeout = 10 * time.Second // for what the answer is used for: one STS attempt, or a passphrase's key
	mostQuestions = 4                // of one request: the vault's passphrase and a code, and one of them again
)

// caller is a connection with a request, and the person at its other end.
type caller struct {
	*socket.Conn
	rank rank
	in   *bufio.Reader
	owed int   // answers to come, to questions that were over before them too
	lost error // the connection ended, or was cut off inside a frame

	held    holder   // zero until it is asked for
	member  []string // groups, likewise
	grouped bool
}

// ask puts a question to the terminal behind the connection, until its read deadline.
func (c *caller) ask(q ipc.Question) (ipc.Answer, error) {
	if c.lost != nil {
		return ipc.Answer{}, c.lost
	}
	c.SetWriteDeadline(time.Now().Add(ioTimeout))
	if _, c.lost = c.Write(ipc.Append(nil, ipc.KindQuestion, ipc.AppendQuestion(nil, q))); c.lost != nil {
		return ipc.Answer{}, c.lost
	}
	for c.owed++; ; {
		if _, err := c.in.Peek(1); err != nil {
			return ipc.Answer{}, err // whole: the answer may still come
		}
		var kind ipc.Kind
		var payload []byte
		if kind, payload, c.lost = ipc.Read(c.in, ipc.MaxAnswer); c.lost != nil {
			return ipc.Answer{}, c.lost
		}
		if kind != ipc.KindAnswer {
			c.lost = ipc.ErrUnsupported
			return ipc.Answer{}, c.lost
		}
		if c.owed--; c.owed == 0 {
			return ipc.ParseAnswer(payload)
		}
	}
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

// answered does what try does. Where that fails for want of an answer, the answer is asked for, and it tries again. ahead is
// a command, whose person is at its terminal for this. A guest is not asked for what is another's to know.
func (a *Agent) answered(ctx context.Context, c *caller, ahead bool, try func() error) error {
	until := time.Now().Add(askTimeout)
	for n := 0; ; n++ {
		since := a.desk.mark()
		err := try()
		q := asker(err)
		if q == nil || n == mostQuestions || !c.manages() {
			return err
		}
		if ahead {
			err = a.desk.askNow(ctx, c, q, err)
		} else {
			err = a.desk.ask(ctx, c, q, since, until, err)
		}
		if err != nil {
			return err
		}
	}
}
