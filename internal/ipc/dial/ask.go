package dial

import (
	"io"
	"time"

	"credd/internal/ipc"
)

// Ask sends one frame to the daemon at path and returns its reply. Questions that come before it are put to person.
func Ask(path string, frame []byte, deadline time.Time, person Person) (ipc.Kind, []byte, error) {
	s, err := reach(path, deadline)
	if err != nil {
		return 0, nil, err
	}
	defer s.close()
	// A daemon that refuses answers before it has read, so a failed write does not yet tell the reason.
	if err := s.send(frame); err == ErrTimeout {
		return 0, nil, err
	}
	for {
		kind, payload, err := receive(s)
		if err != nil || kind != ipc.KindQuestion {
			return kind, payload, err
		}
		q, err := ipc.ParseQuestion(payload)
		if err != nil {
			return 0, nil, err
		}
		answer := ipc.AppendAnswer(nil, person(q, s.handle(), deadline))
		s.send(ipc.Append(nil, ipc.KindAnswer, answer)) // if that fails the reply tells, or its lack
	}
}

// receive reads one frame, whole or not at all.
func receive(s stream) (ipc.Kind, []byte, error) {
	kind, payload, err := ipc.Read(s, ipc.MaxDocument)
	if err == io.EOF || err == io.ErrUnexpectedEOF || err != nil && ended(err) {
		err = ErrLost
	}
	return kind, payload, err
}

// Probe reports whether a daemon of ours listens at path, without a request.
func Probe(path string, deadline time.Time) error {
	s, err := reach(path, deadline)
	if err != nil {
		return err
	}
	return s.close()
}
