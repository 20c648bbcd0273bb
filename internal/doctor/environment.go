package doctor

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"slices"
	"strings"

	"credd/internal/awsconfig"
	"credd/internal/ipc"
)

// environment looks at the variables of this shell.
func (w *World) environment() {
	w.variables()
	w.profile()
	w.elsewhere()
	switch v := w.Getenv("AWS_SDK_LOAD_CONFIG"); strings.ToLower(v) {
	case "0", "f", "false", "no", "off", "n":
		w.Warn(EnvLoadConfig, "AWS_SDK_LOAD_CONFIG="+v+" keeps programs of the Go SDK v1 from reading ~/.aws/config", "unset AWS_SDK_LOAD_CONFIG")
	}
	w.bundle()
}

// variables tells of those that go before every profile.
func (w *World) variables() {
	var set []string
	for _, name := range w.Shadowing {
		if w.Getenv(name) != "" && (name != "AWS_DEFAULT_PROFILE" || w.Getenv(name) != w.Getenv("AWS_PROFILE")) {
			set = append(set, name)
		}
	}
	switch {
	case len(set) == 0:
		w.OK(EnvShadowing, "no variable of this shell goes before the profiles")
	case w.Getenv("CREDD_ROLE") != "" && w.Getenv("AWS_CREDENTIAL_EXPIRATION") != "":
		w.OK(EnvShadowing, "this is a shell of credd exec: the session of "+w.Getenv("CREDD_ROLE")+" goes before the profiles")
	default:
		w.Warn(EnvShadowing, "before a profile goes, in this shell: "+strings.Join(set, ", "), "unset "+strings.Join(set, " "))
	}
}

// profile looks at the profile that this shell names.
func (w *World) profile() {
	for _, variable := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		name := w.Getenv(variable)
		if name == "" || w.files == nil {
			continue
		}
		p := w.files.Profiles()[name]
		switch {
		case p == nil:
			remedy := "unset " + variable
			if near := nearest(name, w.files.Names()); near != "" {
				remedy = "export " + variable + "=" + Quote(near)
			}
			w.Fail(EnvProfile, ipc.Usage, variable+"="+name+" names a profile that the AWS files do not have", remedy)
		case w.entry(p) == nil:
			w.Warn(EnvProfile, variable+"="+name+" is a profile that does not ask credd", "unset "+variable+", or: credd use ROLE")
		default:
			w.OK(EnvProfile, variable+"="+name+" is a profile that asks credd")
		}
	}
}

// elsewhere tells of files of profiles that are not those which the daemon reads.
func (w *World) elsewhere() {
	at, usual := w.place(), awsconfig.In(w.AWS)
	for _, f := range []struct{ variable, at, usual string }{
		{"AWS_CONFIG_FILE", at.Config, usual.Config}, {"AWS_SHARED_CREDENTIALS_FILE", at.Credentials, usual.Credentials},
	} {
		i, err := os.Stat(f.at)
		u, uerr := os.Stat(f.usual)
		if f.at == f.usual || err == nil && uerr == nil && os.SameFile(i, u) {
			continue
		}
		w.Warn(EnvFiles, f.variable+" names "+f.at+"; the daemon reads sources of type profile from "+f.usual, "unset "+f.variable)
	}
}

// bundle tries the certificates that AWS clients are told to trust.
func (w *World) bundle() {
	path := w.Getenv("AWS_CA_BUNDLE")
	if path == "" {
		return
	}
	i, err := os.Stat(path)
	why := ""
	switch {
	case err != nil:
		why = cause(err)
	case !i.Mode().IsRegular() && !i.IsDir():
		why = "it is no file"
	case i.IsDir(): // OpenSSL, and so boto3, takes a directory of certificates
	case i.Size() > maxAWSFile:
		why = "it is larger than 16 MiB"
	default:
		data, err := os.ReadFile(path)
		if err != nil {
			why = cause(err)
		} else if !holdsCertificate(data) {
			why = "it holds no certificate"
		}
	}
	if why != "" {
		w.Fail(EnvCABundle, ipc.Usage, "AWS_CA_BUNDLE="+path+": "+why+", so that AWS clients connect to nothing", "unset AWS_CA_BUNDLE")
		return
	}
	w.OK(EnvCABundle, "AWS_CA_BUNDLE="+path+" can be read; the daemon trusts it only as [network] ca_bundle")
}

func holdsCertificate(data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); block.Type == "CERTIFICATE" && err == nil {
			return true
		}
	}
	return false
}

// nearest is the name that is written the same but for case, or for one letter.
func nearest(name string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	i := slices.IndexFunc(known, func(k string) bool { return oneOff(k, name) || oneOff(name, k) })
	if i < 0 {
		return ""
	}
	return known[i]
}

// oneOff reports whether a is b with one letter changed, or one more.
func oneOff(a, b string) bool {
	if len(a) != len(b) && len(a) != len(b)+1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	return i < len(a) && a[i+1:] == b[min(i+len(b)-len(a)+1, len(b)):]
}
