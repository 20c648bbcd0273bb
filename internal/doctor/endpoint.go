package doctor

import (
	"os"

	"credd/internal/awsconfig"
)

// ProfileEndpoint returns the region of a profile that a source has, and the URL where its STS is if that is another than the
// public one. The daemon's files count, not those of this shell. known is false if a [services] section may say it.
func (w *World) ProfileEndpoint(profile string) (region, url string, known bool) {
	if profile == "" {
		return "", "", true
	}
	at := awsconfig.In(w.AWS)
	for _, path := range []string{at.Config, at.Credentials} {
		if i, err := os.Stat(path); err == nil && (!i.Mode().IsRegular() || i.Size() > maxAWSFile) {
			return "", "", false
		}
	}
	files, err := awsconfig.Read(at)
	if err != nil || files.Profiles()[profile] == nil {
		return "", "", false
	}
	p := files.Profiles()[profile]
	return p.Get("region"), p.Get("endpoint_url"), p.Get("services") == ""
}
