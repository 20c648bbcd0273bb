// Package audit keeps who got what, when, and from which process: one JSON line for each answer and each refusal, in a
// file that only its owner can read. An entry has no room for a secret; an access key ID is none, CloudTrail names it.
//
// A line is written before its answer leaves, by one write, and not synced to the disk: killing the daemon loses
// nothing, a power cut may lose the last seconds.
package audit

import (
	"encoding/json"
	"math"
	"time"
)

// Entry is one answer or refusal. In JSON times are RFC 3339 UTC, empty texts are left out, and a text longer than
// 1,024 bytes is cut and ends in "…".
type Entry struct {
	Time     time.Time     `json:"time"` // when the request came, to the millisecond
	Role     string        `json:"role"`
	Outcome  string        `json:"outcome"` // ok, denied, login, unreachable, unknown_role, refused, config, internal
	From     string        `json:"from"`    // of a session: cache or sts; verify for each try of a verification
	Duration time.Duration `json:"-"`       // until the answer; duration_ms, to the microsecond

	Expires       time.Time `json:"expires"` // the session's end, to the second
	SessionName   string    `json:"session_name"`
	AccessKeyID   string    `json:"access_key_id"`
	AssumedRoleID string    `json:"assumed_role_id"` // AROA…:SESSION
	RequestID     string    `json:"request_id"`      // of the STS call that made the session, or that failed

	User      string `json:"user"` // the name of who asked, on a machine's credd; it is uid and sid that tell users apart
	UID       uint32 `json:"uid"`
	SID       string `json:"sid"` // on Windows, where uid is 0
	PID       int    `json:"pid"`
	Exe       string `json:"exe"` // of the process that asked and of its parent, where the kernel shows them: to a machine's credd not those of other users
	ParentPID int    `json:"parent_pid"`
	ParentExe string `json:"parent_exe"`

	Error string `json:"error"`
}

// MarshalJSON returns the entry as its line in the file, so that no second form of it exists.
func (e Entry) MarshalJSON() ([]byte, error) { return e.append(nil), nil }

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are ignored: a newer credd may have written them.
func (e *Entry) UnmarshalJSON(line []byte) error {
	type fields Entry // without this method
	in := struct {
		*fields
		Millis float64 `json:"duration_ms"`
	}{fields: (*fields)(e)}
	if err := json.Unmarshal(line, &in); err != nil {
		return err
	}
	e.Duration = time.Duration(math.Round(in.Millis*1000)) * time.Microsecond
	return nil
}
