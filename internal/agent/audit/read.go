package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"credd/internal/ipc/peer"
)

// Filter says which entries are wanted. An empty field wants all.
type Filter struct {
	Role      string // a role, acme/admin, or a customer, acme
	Outcome   string
	AccessKey string    // an access key ID as CloudTrail shows it
	Since     time.Time // at this time or after it
	Until     time.Time // before this time
	User      *peer.User
}

// Match reports whether the entry is wanted.
func (f Filter) Match(e Entry) bool {
	customer, _, _ := strings.Cut(e.Role, "/")
	return (f.Role == "" || f.Role == e.Role || f.Role == customer) &&
		(f.Outcome == "" || f.Outcome == e.Outcome) &&
		(f.AccessKey == "" || f.AccessKey == e.AccessKeyID) &&
		(f.User == nil || *f.User == peer.User{UID: e.UID, SID: e.SID}) &&
		(f.Since.IsZero() || !e.Time.Before(f.Since)) &&
		(f.Until.IsZero() || e.Time.Before(f.Until))
}

// Read calls each with the wanted entries of the log at path and of its rotated files, the oldest first. It may run while
// the log is written. Lines that are no entries, torn by a crash for example, are skipped and counted. It stops at the
// first error of each. A log that does not exist has no entries. Texts come back as they were, with what a terminal acts
// on: whoever shows them to one has to mind that.
func Read(path string, f Filter, each func(Entry) error) (skipped int, err error) {
	files, err := openAll(path)
	if err != nil {
		return 0, err
	}
	defer closeAll(files)
	for _, file := range slices.Backward(files) {
		n, err := scan(file, f, each)
		skipped += n
		if err != nil {
			return skipped, err
		}
	}
	return skipped, nil
}

func scan(r io.Reader, f Filter, each func(Entry) error) (skipped int, err error) {
	in := bufio.NewReaderSize(r, maxLine)
	key, user := []byte(f.AccessKey), f.mark()
	for {
		line, err := readLine(in)
		switch {
		case err == io.EOF:
			return skipped, nil
		case errors.Is(err, bufio.ErrBufferFull):
			skipped++
			continue
		case err != nil:
			return skipped, err
		case len(line) == 0, !bytes.Contains(line, key), !bytes.Contains(line, user): // looking is far quicker than decoding
			continue
		}
		e, ok := decode(line)
		if !ok {
			skipped++
			continue
		}
		if !f.Match(e) {
			continue
		}
		if err := each(e); err != nil {
			return skipped, err
		}
	}
}

// mark is a part of each line of the user. It is in no other: quotes within texts are escaped.
func (f Filter) mark() []byte {
	switch {
	case f.User == nil:
		return nil
	case f.User.SID != "":
		return appendText(nil, "sid", f.User.SID)
	}
	return append(strconv.AppendUint([]byte(`,"uid":`), uint64(f.User.UID), 10), ',')
}

func decode(line []byte) (e Entry, ok bool) {
	err := json.Unmarshal(line, &e)
	return e, err == nil && !e.Time.IsZero() && e.Outcome != ""
}

// readLine returns the next line without its end, valid until the next call. Of a line that is too long it reads all and
// returns only bufio.ErrBufferFull. The last line may lack its end.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		return nil, bufio.ErrBufferFull
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return bytes.TrimSuffix(line, []byte{'\n'}), err
}
