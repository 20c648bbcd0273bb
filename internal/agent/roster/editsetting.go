package roster

import (
	"bytes"
	"fmt"
)

// AddSetting is Editor.AddSetting.
func AddSetting(dir, table, key, value string) (path string, err error) {
	return Editor{Dir: dir}.AddSetting(table, key, value)
}

// AddSetting gives a key of a table of credd.toml a value, unless it has it already. It adds the table, or a line below the one that
// begins it. Where the key has another value, or the table does not begin with a line of its own, the error names the line to change.
func (w Editor) AddSetting(table, key, value string) (path string, err error) {
	return w.editSettings(func(now *Roster, old []byte) ([]byte, error) {
		if old == nil {
			old = []byte("version = 1\n")
		}
		tree, f := parse(old)
		if f != nil {
			return nil, now.problem(settingsFile(w.Dir), "", *f)
		}
		t := tree.get(table)
		if t == nil {
			return join(old, "\n["+table+"]\n"+line(key, value)), nil
		}
		want := key + " = " + tomlString(value)
		at := fault{t.line, fmt.Sprintf("[%s] is there without %s", table, key), "add below that line: " + want}
		if t.value.table != nil {
			k := t.value.table.get(key)
			if k == nil {
				if head, rest := splitLines(old, t.line); bytes.Equal(bytes.TrimSpace(lastLine(head)), []byte("["+table+"]")) {
					return append(join(head, line(key, value)), rest...), nil
				}
			} else if k.value.kind == text && k.value.text == value {
				return old, nil
			} else {
				at = fault{k.line, fmt.Sprintf("[%s] %s has another value", table, key), "change that line to: " + want}
			}
		}
		return nil, now.problem(settingsFile(w.Dir), "", at)
	})
}

// splitLines splits after n lines.
func splitLines(data []byte, n int) (head, rest []byte) {
	at := 0
	for range n {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return data, nil
		}
		at += i + 1
	}
	return data[:at], data[at:]
}

func lastLine(data []byte) []byte {
	data = bytes.TrimRight(data, "\r\n")
	return data[bytes.LastIndexByte(data, '\n')+1:]
}
