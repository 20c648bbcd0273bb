package cli

import (
	"cmp"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is what the narrowest usual terminal has, in columns.
const helpWidth = 80

// help is cobra's, in lines that fit the terminal. Lines to copy stay as they are.
func help(cmd *cobra.Command, _ []string) {
	text := fit(cmp.Or(cmd.Long, cmd.Short), helpWidth) + "\n"
	for _, part := range strings.Split(cmd.UsageString(), "\n\n") {
		if !strings.HasPrefix(part, "Usage:") && !strings.HasPrefix(part, "Examples:") {
			part = fit(part, helpWidth)
		}
		text += "\n" + strings.TrimRight(part, "\n") + "\n"
	}
	io.WriteString(cmd.OutOrStdout(), text)
}

// fit breaks the lines of a text that are too long. A paragraph is filled anew, a line of a list below its second column.
func fit(text string, width int) string {
	var out, block []string
	hang := 0 // of the block: how far its lines behind the first one are indented
	flush := func() {
		for _, line := range block {
			if terminal.StringWidth(line) > width {
				block = fill(block, hang, width)
				break
			}
		}
		out, block = append(out, block...), nil
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); line == "" {
			flush()
			out = append(out, "")
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if block != nil && indent == hang {
			block = append(block, line)
			continue
		}
		flush()
		block, hang = []string{line}, len(columnForm.FindString(line))
	}
	flush()
	return strings.Join(out, "\n")
}

// columnForm is the first column of a line that is indented and has two.
var columnForm = regexp.MustCompile(`^ +\S+( \S+)*  +`)

// fill puts the words of some lines into lines of a width, all but the first of them indented.
func fill(lines []string, hang, width int) []string {
	line := lines[0][:hang]
	var out []string
	for i, word := range strings.Fields(strings.Join(lines, " ")[hang:]) {
		switch {
		case i == 0:
		case terminal.StringWidth(line)+1+terminal.StringWidth(word) > width:
			out, line = append(out, line), strings.Repeat(" ", hang)
		default:
			line += " "
		}
		line += word
	}
	return append(out, line)
}
