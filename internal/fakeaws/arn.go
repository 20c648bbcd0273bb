package fakeaws

import (
	"fmt"
	"regexp"
	"strings"
)

// arn is an ARN of IAM or STS, which have no region. name is what follows the kind, a path included.
type arn struct {
	text                                    string
	partition, service, account, kind, name string
}

var (
	validPartition = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	validAccount   = regexp.MustCompile(`^\d{12}$`)
	validName      = regexp.MustCompile(`^[\w+=,.@/-]+$`)
)

func parseARN(text string) (arn, error) {
	p := strings.SplitN(text, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[3] != "" || !validPartition.MatchString(p[1]) || !validAccount.MatchString(p[4]) {
		return arn{}, fmt.Errorf("%q is not an ARN of IAM or STS", text)
	}
	a := arn{text: text, partition: p[1], service: p[2], account: p[4]}
	var named bool
	a.kind, a.name, named = strings.Cut(p[5], "/")
	if a.kind == "root" && !named {
		return a, nil
	}
	if !validName.MatchString(a.name) {
		return arn{}, fmt.Errorf("%q names nothing behind its kind", text)
	}
	return a, nil
}

// last returns the name without its path: STS leaves the path out of a session's ARN.
func (a arn) last() string { return a.name[strings.LastIndex(a.name, "/")+1:] }
