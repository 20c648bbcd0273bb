package doctor

// ID names a check, for programs. It does not change.
type ID string

const (
	ConfigFiles       ID = "config.files"
	ConfigSetup       ID = "config.setup"
	ConfigPermissions ID = "config.permissions"
	ConfigImport      ID = "config.import"
	ConfigLeftKeys    ID = "config.left-keys"

	MachinePlaces  ID = "machine.places"
	MachineAllow   ID = "machine.allow"
	MachineVault   ID = "machine.vault"
	MachineSources ID = "machine.sources"
	MachineRoles   ID = "machine.roles"

	SocketPath   ID = "socket.path"
	SocketAccess ID = "socket.access"
	SocketStale  ID = "socket.stale"

	DaemonRunning  ID = "daemon.running"
	DaemonVersion  ID = "daemon.version"
	DaemonPlace    ID = "daemon.place"
	DaemonWarnings ID = "daemon.warnings"
	DaemonLeftover ID = "daemon.leftover"
	DaemonService  ID = "daemon.service"
	HelperRuns     ID = "helper.runs"
	HelperVersion  ID = "helper.version"

	VaultOpens ID = "vault.opens"

	NetworkSTS   ID = "network.sts"
	NetworkClock ID = "network.clock"

	SourceWorks ID = "source.works"
	SourceNotes ID = "source.notes"
	RoleWorks   ID = "role.works"

	RoleVerified ID = "role.verified"

	ProfileFiles     ID = "profile.files"
	ProfileNone      ID = "profile.none"
	ProfileBlock     ID = "profile.block"
	ProfileHelper    ID = "profile.helper"
	ProfileCopy      ID = "profile.copy"
	ProfileQuotes    ID = "profile.quotes"
	ProfileArguments ID = "profile.arguments"
	ProfileRole      ID = "profile.role"
	ProfileRegion    ID = "profile.region"
	ProfileShadowed  ID = "profile.shadowed"
	ProfileMixed     ID = "profile.mixed"
	ProfileTwice     ID = "profile.twice"

	EnvShadowing  ID = "env.shadowing"
	EnvProfile    ID = "env.profile"
	EnvFiles      ID = "env.files"
	EnvLoadConfig ID = "env.load-config"
	EnvCABundle   ID = "env.ca-bundle"

	ToolAWS       ID = "tool.aws"
	ToolPython    ID = "tool.python"
	ToolNode      ID = "tool.node"
	ToolGo        ID = "tool.go"
	ToolTerraform ID = "tool.terraform"
	ToolOther     ID = "tool.other"

	ShellUse        ID = "shell.use"
	ShellCompletion ID = "shell.completion"
)

// Check is a check with its part of the report.
type Check struct {
	ID      ID
	Section string
}

// Checks are all, in the order of the report. docs/doctor.md describes them.
var Checks = []Check{
	{ConfigFiles, "configuration"}, {ConfigSetup, "configuration"}, {ConfigPermissions, "configuration"},
	{ConfigImport, "configuration"}, {ConfigLeftKeys, "configuration"},
	{MachinePlaces, "machine"}, {MachineAllow, "machine"}, {MachineVault, "machine"}, {MachineSources, "machine"}, {MachineRoles, "machine"},
	{SocketPath, "daemon"}, {SocketAccess, "daemon"}, {SocketStale, "daemon"},
	{DaemonRunning, "daemon"}, {DaemonVersion, "daemon"}, {DaemonPlace, "daemon"}, {DaemonWarnings, "daemon"}, {DaemonLeftover, "daemon"},
	{DaemonService, "daemon"},
	{HelperRuns, "daemon"}, {HelperVersion, "daemon"},
	{VaultOpens, "vault"},
	{NetworkSTS, "network"}, {NetworkClock, "network"},
	{SourceWorks, "sources"}, {SourceNotes, "sources"},
	{RoleWorks, "roles"}, {RoleVerified, "roles"},
	{ProfileFiles, "profiles"}, {ProfileNone, "profiles"}, {ProfileBlock, "profiles"}, {ProfileHelper, "profiles"}, {ProfileCopy, "profiles"},
	{ProfileQuotes, "profiles"}, {ProfileArguments, "profiles"}, {ProfileRole, "profiles"}, {ProfileRegion, "profiles"},
	{ProfileShadowed, "profiles"}, {ProfileMixed, "profiles"}, {ProfileTwice, "profiles"},
	{EnvShadowing, "environment"}, {EnvProfile, "environment"}, {EnvFiles, "environment"},
	{EnvLoadConfig, "environment"}, {EnvCABundle, "environment"},
	{ToolAWS, "tools"}, {ToolPython, "tools"}, {ToolNode, "tools"}, {ToolGo, "tools"}, {ToolTerraform, "tools"}, {ToolOther, "tools"},
	{ShellUse, "shell"}, {ShellCompletion, "shell"},
}

var sections = func() map[ID]string {
	all := map[ID]string{}
	for _, c := range Checks {
		all[c.ID] = c.Section
	}
	return all
}()
