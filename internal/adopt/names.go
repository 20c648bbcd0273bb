package adopt

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"credd/internal/agent/roster"
)

const separators = "-_/.: "

// clean writes a text with what names allow.
func clean(text string) string {
	const most = 60 // bytes, so that names made of two still are names
	text = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._@+=,-", r) {
			return r
		}
		return '-'
	}, text)
	text = strings.TrimLeft(text, "-._@+=,")
	return strings.TrimRight(text[:min(len(text), most)], "-.")
}

// prefix returns what all names begin with, up to a separator, else what the most do; "" if that is nothing. A name as a whole
// counts as one.
func prefix(names []string) string {
	common := names[0]
	for _, n := range names[1:] {
		for !begins(n, common) {
			common = common[:max(strings.LastIndexAny(common, separators), 0)]
		}
	}
	if common == "" && len(names) > 1 {
		return most(names)
	}
	return common
}

// most returns the first word that the most names share, "" if no two share one.
func most(names []string) string {
	count := map[string]int{}
	for _, n := range names {
		if at := strings.IndexAny(n, separators); at > 0 {
			count[n[:at]]++
		}
	}
	best := ""
	for _, word := range slices.Sorted(maps.Keys(count)) {
		if count[word] > max(1, count[best]) {
			best = word
		}
	}
	return best
}

func begins(name, with string) bool {
	rest, ok := strings.CutPrefix(name, with)
	return ok && (with == "" || rest == "" || strings.Contains(separators, rest[:1]))
}

// split makes customer and role of the one profile of an account: acme-prod-admin of role Admin is acme-prod and admin.
func split(name, role string) (customer, last string) {
	at := strings.LastIndexAny(name, separators)
	if at > 0 && strings.EqualFold(clean(name[at+1:]), clean(role)) {
		return name[:at], name[at+1:]
	}
	return name, role
}

// naming gives customers, roles and sources names of which no two are alike.
type naming struct {
	now       *roster.Roster
	customers map[string]string // by account
	taken     map[string]bool   // customers, roles and, with @, sources
}

func newNaming(now *roster.Roster, chosen map[string]string) *naming {
	n := &naming{now: now, customers: map[string]string{}, taken: map[string]bool{}}
	for _, r := range now.Roles() {
		n.taken[r.Name] = true
		if r.AccountID != "" && n.customers[r.AccountID] == "" && r.Customer.IsOwn() {
			n.customers[r.AccountID] = r.Customer.Key
		}
	}
	for _, c := range now.Customers() {
		n.taken[c.Key] = true
		if c.AccountID != "" && c.IsOwn() {
			n.customers[c.AccountID] = c.Key
		}
	}
	for _, p := range now.Problems() { // of a customer that is broken
		n.taken[p.Customer] = true
	}
	for _, s := range now.Sources() {
		n.taken["@"+s.Name] = true
	}
	maps.Copy(n.customers, chosen)
	return n
}

// free returns the first of the names that is not taken, with a number if need be, and takes it.
func (n *naming) free(mark string, names ...string) string {
	last := names[len(names)-1]
	for i := 2; ; i++ {
		for _, name := range names {
			if name != "" && !n.taken[mark+name] {
				n.taken[mark+name] = true
				return name
			}
		}
		names = []string{last + "-" + strconv.Itoa(i)}
	}
}

// customer names the account that some profiles are of.
func (n *naming) customer(account string, of []*profile) string {
	if key, ok := n.customers[account]; ok {
		return key
	}
	var names []string
	for _, p := range of {
		names = append(names, p.Name)
	}
	key := prefix(names)
	if len(names) == 1 {
		key, _ = split(names[0], of[0].roleName())
	}
	key = cmp.Or(clean(key), account)
	n.customers[account] = n.free("", key, key+"-"+account)
	return n.customers[account]
}

// role names the role of a profile in its account's customer.
func (n *naming) role(customer string, p *profile, of []*profile) string {
	var names []string
	for _, other := range of {
		names = append(names, other.Name)
	}
	last, role := "", clean(p.roleName())
	switch common := prefix(names); {
	case len(names) == 1:
		_, last = split(p.Name, p.roleName())
	case !begins(p.Name, common):
		last = p.Name
	case p.Name != common:
		last = strings.TrimLeft(strings.TrimPrefix(p.Name, common), separators)
	}
	if rest, ok := strings.CutPrefix(clean(p.Name), customer); ok && len(names) == 1 && rest != "" && strings.Contains(separators, rest[:1]) {
		last = rest[1:] // of a customer that was there, or that was chosen
	}
	base := cmp.Or(clean(last), role, "role")
	return n.free(customer+"/", base)
}

// source names a source after a profile.
func (n *naming) source(names ...string) string {
	names = slices.DeleteFunc(names, func(s string) bool { return !roster.CanBeSource(s) })
	if len(names) == 0 {
		names = []string{"source"}
	}
	return n.free("@", names...)
}
