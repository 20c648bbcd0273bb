package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
)

// journal writes lines as journald wants them: with a priority that it takes off again (sd-daemon(3)), and without time and level,
// which it shows itself.
type journal struct {
	slog.Handler // writes a line into to.line
	to           *journalLine
}

type journalLine struct {
	mu   sync.Mutex
	line bytes.Buffer
	out  io.Writer
}

func newJournal(out io.Writer, level slog.Leveler) *journal {
	to := &journalLine{out: out}
	return &journal{slog.NewTextHandler(&to.line, &slog.HandlerOptions{Level: level, ReplaceAttr: shownByJournal}), to}
}

func shownByJournal(groups []string, a slog.Attr) slog.Attr {
	_, level := a.Value.Any().(slog.Level)
	if len(groups) == 0 && (level && a.Key == slog.LevelKey || a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime) {
		return slog.Attr{}
	}
	return a
}

func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	j.to.mu.Lock()
	defer j.to.mu.Unlock()
	j.to.line.Reset()
	j.to.line.WriteString("<" + strconv.Itoa(priority(r.Level)) + ">")
	if err := j.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := j.to.out.Write(j.to.line.Bytes())
	return err
}

func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journal{j.Handler.WithAttrs(attrs), j.to}
}

func (j *journal) WithGroup(name string) slog.Handler {
	return &journal{j.Handler.WithGroup(name), j.to}
}

// priority is a level as syslog(3) counts.
func priority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3 // err
	case l >= slog.LevelWarn:
		return 4 // warning
	case l >= slog.LevelInfo:
		return 6 // info
	}
	return 7 // debug
}
