package roster

import "fmt"

// AddSetting gives a key of a table of credd.toml a value, unless it has it already. It adds the table; where that is there
// without the key, or the key with another value, the error names the line to change.
func AddSetting(dir, table, key, value string) (path string, err error) {
	return Editor{Dir: dir}.editSettings(func(now *Roster, old []byte) ([]byte, error) {
		if old == nil {
			old = []byte("version = 1\n")
		}
		tree, f := parse(old)
		if f != nil {
			return nil, now.problem(settingsFile(dir), "", *f)
		}
		t := tree.get(table)
		if t == nil {
			return join(old, "\n["+table+"]\n"+line(key, value)), nil
		}
		want := key + " = " + tomlString(value)
		at := fault{t.line, fmt.Sprintf("[%s] is there without %s", table, key), "add below that line: " + want}
		if t.value.table != nil {
			if k := t.value.table.get(key); k != nil {
				if k.value.kind == text && k.value.text == value {
					return old, nil
				}
				at = fault{k.line, fmt.Sprintf("[%s] %s has another value", table, key), "change that line to: " + want}
			}
		}
		return nil, now.problem(settingsFile(dir), "", at)
	})
}
