package awsconfig

import (
	"bytes"
	"slices"
)

// Edit puts a text in the place of the bytes from Start to End.
type Edit struct {
	Start, End int
	Text       string
}

// Apply returns data with the edits made. They must not overlap; all other bytes stay.
func Apply(data []byte, edits ...Edit) []byte {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int { return a.Start - b.Start })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(data[at:e.Start])
		out.WriteString(e.Text)
		at = e.End
	}
	out.Write(data[at:])
	return out.Bytes()
}

// Newline is how the lines of a file end: as its first one does.
func Newline(data []byte) string {
	if i := bytes.IndexByte(data, '\n'); i > 0 && data[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}
