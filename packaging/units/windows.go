package units

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

//go:embed windows/credd.xml
var task string

// Task returns the definition of a task that runs the credd at a whole path when a user logs on: UTF-16, as schtasks.exe reads it.
func Task(credd, sid string) []byte {
	text := strings.NewReplacer(mark, escape(credd), "@SID@", escape(sid), "\n", "\r\n").Replace(task)
	out := []byte{0xFF, 0xFE} // little-endian
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

// TaskProgram returns the credd that a task runs, "" if it shows none.
func TaskProgram(task []byte) string {
	var units []uint16
	for i := 2; i+1 < len(task); i += 2 {
		units = append(units, binary.LittleEndian.Uint16(task[i:]))
	}
	_, rest, _ := strings.Cut(string(utf16.Decode(units)), "<Command>")
	program, _, ok := strings.Cut(rest, "</Command>")
	if !ok {
		return ""
	}
	return unescaper.Replace(program)
}
