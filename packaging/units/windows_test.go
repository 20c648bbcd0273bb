package units

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestTask(t *testing.T) {
	for _, credd := range []string{`C:\Program Files\credd\credd.exe`, `C:\R&D <ä>\credd.exe`, `C:\$1 %TEMP%\credd.exe`} {
		data := Task(credd, "S-1-5-21-1-2-3-1001")
		if got := TaskProgram(data); got != credd {
			t.Errorf("got %q, want %q", got, credd)
		}
		var in struct {
			Users   []string                            `xml:"Principals>Principal>UserId"`
			Trigger string                              `xml:"Triggers>LogonTrigger>UserId"`
			Limit   string                              `xml:"Settings>ExecutionTimeLimit"`
			Exec    struct{ Command, Arguments string } `xml:"Actions>Exec"`
		}
		var units []uint16
		for i := 2; i < len(data); i += 2 {
			units = append(units, uint16(data[i])|uint16(data[i+1])<<8)
		}
		dec := xml.NewDecoder(strings.NewReader(string(utf16.Decode(units))))
		dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
		if err := dec.Decode(&in); err != nil {
			t.Fatal(err)
		}
		if in.Exec.Command != credd || in.Exec.Arguments != "serve --run-by task" || len(in.Users) != 1 || in.Users[0] != in.Trigger || in.Trigger != "S-1-5-21-1-2-3-1001" || in.Limit != "PT0S" {
			t.Errorf("got %+v", in)
		}
	}
	if got := TaskProgram(nil); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
