package main

// All that a release is made of is in the tables of this file.

// project is what formulas, manifests and packages say of credd.
var project = struct{ Name, Summary, Description, License string }{
	"credd",
	"Short-lived AWS credentials for many customers' roles",
	"credd holds the role ARNs of many AWS accounts, assumes roles on demand,\n" +
		"and keeps the short-lived credentials in memory. credhelper is the\n" +
		"credential_process that hands them to the AWS CLI and every SDK.",
	"MIT",
}

// target is a system that binaries are made for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

// program is the file of a binary.
func (t target) program(name string) string {
	if t.os == "windows" {
		return name + ".exe"
	}
	return name
}

var targets = []target{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// programs are the main packages of ./cmd.
var programs = []string{"credd", "credhelper"}

// serviceTexts are those of package units that a system's archive and packages have, for the credd at /usr/bin.
var serviceTexts = []string{
	"user/credd.service", "user/credd.socket",
	"system/credd.service", "system/credd.socket", "system/credd.sysusers",
	"openrc/credd", "sysv/credd",
}

// packed is a file of the archives. A name that ends in / is a folder.
type packed struct{ from, to, os string }

// archived are the files of an archive beside the binaries. Where os is empty all systems have it.
var archived = []packed{
	{"README.md", "README.md", ""},
	{"CHANGELOG.md", "CHANGELOG.md", ""},
	{"LICENSE", "LICENSE", ""},
	{"made/THIRD-PARTY.txt", "THIRD-PARTY.txt", ""},
	{"docs/", "docs/", ""},
	{"made/completions/", "completions/", ""},
	{"made/man/", "man/", "linux"},
	{"made/man/", "man/", "darwin"},
	{"made/units/", "units/", "linux"},
	{"packaging/windows/install.ps1", "install.ps1", "windows"},
}

// formats are the packages of Linux, and how each writes a version and names its scripts.
var formats = []format{
	{name: "deb", ext: "deb", version: version.deb, release: "1",
		scripts: map[string]string{"postinstall": "postinst", "preremove": "prerm", "postremove": "postrm"}},
	{name: "rpm", ext: "rpm", version: version.rpm, release: "1",
		scripts: map[string]string{"preinstall": "pre", "postinstall": "post", "preremove": "preun", "postremove": "postun"}},
	{name: "apk", ext: "apk", version: version.apk, release: "0",
		scripts: map[string]string{"preinstall": "pre-install", "postinstall": "post-install", "postupgrade": "post-upgrade", "preremove": "pre-deinstall"}},
	{name: "archlinux", ext: "pkg.tar.zst", version: version.arch, release: "1",
		scripts: map[string]string{"postinstall": "post_install", "postupgrade": "post_upgrade", "preremove": "pre_remove", "postremove": "post_remove"}},
}

type format struct {
	name, ext string
	version   func(version) string
	release   string
	scripts   map[string]string // what nfpm calls it, and its file in packaging/scripts/NAME
}

// installed is a file of the packages. Where only is empty all formats have it.
type installed struct {
	from, to string
	mode     int
	only     []string
}

var (
	systemd = []string{"deb", "rpm", "archlinux"}
	openrc  = []string{"apk"}
	deb     = []string{"deb"}
	rpm     = []string{"rpm"}
	notDeb  = []string{"rpm", "apk", "archlinux"}
)

// contents are the files of the packages. One whose source ends in / is a folder of files, one without a source an empty folder.
var contents = []installed{
	{"bin/credd", "/usr/bin/credd", 0o755, nil},
	{"bin/credhelper", "/usr/bin/credhelper", 0o755, nil},
	{"", "/etc/credd", 0o2750, rpm}, // of the group credd; in other formats the scripts give it to them
	{"", "/etc/credd", 0o750, []string{"deb", "apk", "archlinux"}},
	// rpm takes no folder away that is not told to be the package's.
	{"", "/usr/lib/systemd/user/credd.socket.d", 0o755, rpm},
	{"", "/usr/share/doc/credd", 0o755, rpm},
	{"", "/usr/share/doc/credd/docs", 0o755, rpm},
	{"", "/usr/share/licenses/credd", 0o755, rpm},
	{"made/units/user/credd.service", "/usr/lib/systemd/user/credd.service", 0o644, systemd},
	{"made/units/user/credd.socket", "/usr/lib/systemd/user/credd.socket", 0o644, systemd},
	{"packaging/linux/configured.conf", "/usr/lib/systemd/user/credd.socket.d/configured.conf", 0o644, systemd},
	{"packaging/linux/credd.preset", "/usr/lib/systemd/user-preset/90-credd.preset", 0o644, []string{"rpm", "archlinux"}},
	{"made/units/system/credd.service", "/usr/lib/systemd/system/credd.service", 0o644, systemd},
	{"made/units/system/credd.socket", "/usr/lib/systemd/system/credd.socket", 0o644, systemd},
	{"made/units/system/credd.sysusers", "/usr/lib/sysusers.d/credd.conf", 0o644, systemd},
	{"made/units/openrc/credd", "/etc/init.d/credd", 0o755, openrc},
	{"made/completions/credd.bash", "/usr/share/bash-completion/completions/credd", 0o644, nil},
	{"made/completions/_credd", "/usr/share/zsh/vendor-completions/_credd", 0o644, deb},
	{"made/completions/_credd", "/usr/share/zsh/site-functions/_credd", 0o644, notDeb},
	{"made/completions/credd.fish", "/usr/share/fish/vendor_completions.d/credd.fish", 0o644, nil},
	{"made/man.gz/", "/usr/share/man/man1/", 0o644, nil},
	{"docs/", "/usr/share/doc/credd/docs/", 0o644, nil},
	{"README.md", "/usr/share/doc/credd/README.md", 0o644, nil},
	{"made/CHANGELOG.md.gz", "/usr/share/doc/credd/changelog.gz", 0o644, deb},
	{"made/debian.gz", "/usr/share/doc/credd/changelog.Debian.gz", 0o644, deb},
	{"made/CHANGELOG.md.gz", "/usr/share/doc/credd/CHANGELOG.md.gz", 0o644, notDeb},
	{"made/THIRD-PARTY.txt.gz", "/usr/share/doc/credd/THIRD-PARTY.txt.gz", 0o644, nil},
	{"made/copyright", "/usr/share/doc/credd/copyright", 0o644, deb},
	{"LICENSE", "/usr/share/licenses/credd/LICENSE", 0o644, notDeb},
	{"packaging/linux/lintian-overrides", "/usr/share/lintian/overrides/credd", 0o644, deb},
}
