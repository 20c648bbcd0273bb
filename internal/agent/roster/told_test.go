package roster

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func told() (Settings, []Role) {
	acme := &Customer{Key: "acme", Name: "Acme Corp", AccountID: "012345678901", Environment: "production", DefaultRole: "admin"}
	return Settings{Service: Service{Name: "northwind"}, Defaults: Defaults{Region: "eu-west-1"}, Profiles: Profiles{Name: "{customer}-{role}"}, Network: Network{EndpointURL: "http://127.0.0.1:1"}},
		[]Role{
			{Name: "acme/admin", Customer: acme, ARN: "arn:aws-cn:iam::012345678901:role/Admin", Partition: "aws", Region: "eu-west-1", Duration: time.Hour},
			{Name: "acme/own", Customer: acme, AccountID: "012345678901", Partition: "aws"},
		}
}

func TestARosterThatIsTold(t *testing.T) {
	r, err := Of(told())
	if err != nil {
		t.Fatal(err)
	}
	customers, roles := r.Count()
	admin, err := r.Role("acme/admin")
	if err != nil || customers != 1 || roles != 2 || r.Broken() != nil || len(r.Problems()) > 0 || len(r.Sources()) > 0 {
		t.Fatalf("got %d customers, %d roles, %v", customers, roles, err)
	}
	if admin.Partition != "aws-cn" || admin.AccountID != "012345678901" || r.Profile(admin) != "acme-admin" || admin.Customer.Name != "Acme Corp" {
		t.Errorf("got %+v", admin)
	}
	c, ok := r.Customer("acme")
	if names := strings.Join(c.RoleNames(), " "); !ok || names != "admin own" || c.DefaultRole != "admin" {
		t.Errorf("got %+v, %q", c, names)
	}
	if !c.ExternalID().IsZero() || c.SourceOfAll() != "" || r.Nearest("acme/admim") != "acme/admin" {
		t.Error("what is not told is there")
	}
	// One that was not told may be there.
	if _, err := r.Role("globex/ops"); !errors.Is(err, ErrUnknownRole) || err.Error() != `there is no role "globex/ops" that you may use` {
		t.Errorf("got %v", err)
	}
	if r, err := Of(Settings{}, nil); err != nil || r.Settings.Profiles.Name != fallbackProfile || len(r.Roles()) > 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// What a daemon tells gets into the user's ~/.aws/config, where a line of its choice would be a program to run.
func TestWhatCannotBeTold(t *testing.T) {
	for name, spoil := range map[string]func(*Settings, *Role){
		"a line in the region of all":  func(s *Settings, _ *Role) { s.Defaults.Region = "eu-west-1\ncredential_process = id" },
		"a line in the endpoint":       func(s *Settings, _ *Role) { s.Network.EndpointURL = "http://x\ncredential_process = id" },
		"no URL":                       func(s *Settings, _ *Role) { s.Network.EndpointURL = "id" },
		"a section in the profile":     func(s *Settings, _ *Role) { s.Profiles.Name = "{role}]\ncredential_process = id\n[x" },
		"one profile for all":          func(s *Settings, _ *Role) { s.Profiles.Name = "default" },
		"a line in the service":        func(s *Settings, _ *Role) { s.Service.Name = "a\nb" },
		"a line in a role":             func(_ *Settings, r *Role) { r.Name = "acme/a\nb" },
		"a role that is a flag":        func(_ *Settings, r *Role) { r.Name = "acme/-x"; r.Customer = &Customer{Key: "-acme"} },
		"a role of another customer":   func(_ *Settings, r *Role) { r.Name = "globex/admin" },
		"a role of nobody":             func(_ *Settings, r *Role) { r.Customer = nil },
		"a role without a customer":    func(_ *Settings, r *Role) { r.Name = "admin" },
		"a line in the region":         func(_ *Settings, r *Role) { r.Region = "x\ncredential_process = id" },
		"no ARN":                       func(_ *Settings, r *Role) { r.ARN = "id" },
		"no account":                   func(_ *Settings, r *Role) { r.AccountID = "12" },
		"a partition":                  func(_ *Settings, r *Role) { r.ARN, r.Partition = "", "aws\nx" },
		"a line in the environment":    func(_ *Settings, r *Role) { r.Customer.Environment = "a\nexport X=" },
		"a line in the name":           func(_ *Settings, r *Role) { r.Customer.Name = "a\x1b[2J" },
		"the customer's account":       func(_ *Settings, r *Role) { r.Customer.AccountID = "x" },
		"the customer's default":       func(_ *Settings, r *Role) { r.Customer.DefaultRole = "\n" },
		"longer than any session":      func(_ *Settings, r *Role) { r.Duration = 13 * time.Hour },
		"shorter than any":             func(_ *Settings, r *Role) { r.Duration = -1 },
		"a name longer than names are": func(_ *Settings, r *Role) { r.Name = "acme/" + strings.Repeat("a", maxName+1) },
	} {
		s, roles := told()
		spoil(&s, &roles[0])
		if r, err := Of(s, roles); !errors.Is(err, ErrTold) || r != nil || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: got %v, %v", name, r, err)
		}
	}
}
