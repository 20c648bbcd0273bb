package roster

import (
	"iter"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

const maxName = 128 // bytes of a customer's or a role's name; both with the slash fit ipc.MaxRole

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+=,-]*$`)
	roleForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+=,-]*(/[A-Za-z0-9._@+=,-]+)*$`)
)

// isName says whether a customer or a source can have the name.
func isName(s string) bool { return len(s) <= maxName && nameForm.MatchString(s) }

// isRoleName says whether a customer's role can have the name.
func isRoleName(s string) bool { return len(s) <= maxName && roleForm.MatchString(s) }

// CanBeSource says whether a source can have the name.
func CanBeSource(name string) bool { return isName(name) }

// CanBeCustomer says whether a customer can have the name, which is also that of files.
func CanBeCustomer(name string) bool { return isName(name) }

// CanBeRole says whether a role can have the name, that of its customer included.
func CanBeRole(name string) bool {
	customer, role, _ := cutRole(name)
	return isName(customer) && isRoleName(role)
}

// CanBeService says whether we can have the name, which is part of session names.
func CanBeService(name string) bool {
	return len(name) >= 2 && len(name) <= 64 && identityForm.MatchString(name)
}

// CanBeExternalID says whether STS takes it.
func CanBeExternalID(id string) bool {
	return len(id) <= maxExternalID && externalIDForm.MatchString(id)
}

// CanBeRegion says whether it looks like a region.
func CanBeRegion(region string) bool { return regionForm.MatchString(region) }

// quote shows a text in a message, cut and without control characters.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}

func itoa(n int) string { return strconv.Itoa(n) }

// cutRole splits customer/role at the first slash.
func cutRole(name string) (customer, role string, ok bool) { return strings.Cut(name, "/") }

// isRole says whether a source is another role, as its name shows.
func isRole(source string) bool { return strings.Contains(source, "/") }

type unknownRoleError struct {
	name, nearest string
	told          bool // others may be there, which were not told
}

func (e *unknownRoleError) Unwrap() error { return ErrUnknownRole }
func (e *unknownRoleError) Error() string {
	text := "no such role: " + quote(e.name)
	if e.told {
		text = "there is no role " + quote(e.name) + " that you may use"
	}
	if e.nearest != "" {
		text += " (did you mean " + e.nearest + "?)"
	}
	return text
}

// Nearest returns the role, or with @ the source, whose name is at most two typos away, "" if there is none.
func (r *Roster) Nearest(name string) string {
	if source, own := strings.CutPrefix(name, "@"); own {
		if n := nearest(source, maps.Keys(r.sources)); n != "" {
			return "@" + n
		}
		return ""
	}
	return nearest(name, maps.Keys(r.roles))
}

// nearest returns the known name that is at most two typos away, "" if there is none.
func nearest(name string, known iter.Seq[string]) string {
	best, least := "", 3
	if len(name) > 2*maxName {
		return ""
	}
	for k := range known {
		if d := len(k) - len(name); d > 2 || d < -2 {
			continue
		}
		if d := typos(name, k); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	return best
}

// typos is the Levenshtein distance of two names.
func typos(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
