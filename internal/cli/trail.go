package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/ipc/socket"
)

// trail calls each with the wanted lines of the audit log, the oldest first: of its files, or for a guest of the machine's credd those
// of its own that the daemon tells.
func (s *Streams) trail(ctx context.Context, where locations, f audit.Filter, each func(audit.Entry) error) (end api.AuditEnd, err error) {
	if !where.guest {
		end.Skipped, err = audit.Read(where.audit, f, each)
		return end, err
	}
	conn, err := socket.Dial(ctx, where.socket)
	if err != nil {
		return end, undialled(where, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var bad error
	talk := api.Talk{Hear: func(e api.Event) {
		if e.Line == nil || bad != nil {
			return
		}
		var entry audit.Entry
		if bad = json.Unmarshal(e.Line, &entry); bad != nil {
			bad = fmt.Errorf("%w: a line of the audit log is none", errOtherVersion)
		} else if f.Match(entry) { // which the daemon saw to, if it is of this version
			bad = each(entry)
		}
		if bad != nil {
			stop()
		}
	}}
	err = talk.Call(ctx, conn, api.Request{Do: api.DoAudit, Audit: &api.AuditFilter{
		Role: f.Role, Outcome: f.Outcome, AccessKey: f.AccessKey, Since: f.Since, Until: f.Until,
	}}, &end)
	if bad != nil {
		return end, bad
	}
	return end, err
}

// tally counts what the audit log has of uses.
func (s *Streams) tally(ctx context.Context, where locations, f audit.Filter, byCustomer bool) (*audit.Report, error) {
	if !where.guest {
		return audit.Tally(where.audit, f, byCustomer)
	}
	r := audit.NewReport()
	end, err := s.trail(ctx, where, f, func(e audit.Entry) error {
		r.Count(e, byCustomer)
		return nil
	})
	r.Oldest, r.Skipped = end.Oldest, end.Skipped
	return r, err
}

// leftOut tells of lines that cannot be read.
func (s *Streams) leftOut(where locations, lines int) {
	if lines > 0 {
		s.warn(logName(where)+": left out what cannot be read: "+count(lines, "line"), "")
	}
}

// logName is the audit log for people.
func logName(where locations) string {
	if where.guest {
		return "the machine's audit log"
	}
	return where.audit
}
