package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"credd/internal/agent"
	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/doctor"
	"credd/internal/ipc"
)

const (
	mostSTS = 10 // endpoints that are tried; people use one or two

	skewWarned  = 30 * time.Second
	skewRefused = 5 * time.Minute // beyond it the daemon hands out nothing new
)

// endpoint is an STS that is asked for sources or roles.
type endpoint struct{ region, url string }

// network tries the STS of each region in use, as the daemon reaches it, and compares the clocks.
func (e *examination) network(ctx context.Context) {
	all, odd := e.endpoints()
	for _, name := range odd {
		e.Skip(doctor.NetworkSTS, "the STS of source "+name+", which the AWS files do not tell, or in a [services] section", "credd source test "+name)
	}
	if len(all) == 0 {
		return
	}
	if e.offline {
		e.Skip(doctor.NetworkSTS, "the way to STS, because of --offline", "")
		e.Skip(doctor.NetworkClock, "the clock, because of --offline", "")
		return
	}
	if len(all) > mostSTS {
		e.Skip(doctor.NetworkSTS, "more than "+count(mostSTS, "STS endpoint"), "")
		all = all[:mostSTS]
	}
	way := sts.NewHTTP()
	defer way.Close()
	n := e.Roster.Settings.Network
	if err := way.Configure(n.Proxy, n.CABundle); err != nil {
		e.Fail(doctor.NetworkSTS, ipc.Usage, "[network]: "+err.Error(), "correct [network] in "+filepath.Join(e.Config, "credd.toml"))
		return
	}
	client := sts.New(way, time.Now)
	var mu sync.Mutex
	var skews []time.Duration
	each(all, func(at endpoint) {
		began := time.Now()
		a, err := client.Probe(ctx, at.region, at.url)
		name := cmp.Or(at.url, "STS of "+at.region)
		var bad *sts.Error
		if errors.As(err, &bad) && bad.Reason == sts.Invalid {
			e.Fail(doctor.NetworkSTS, ipc.Usage, name+": "+err.Error(), "correct the region, or endpoint_url, where the source or the role has it: credd source list, credd role list")
			return
		}
		if err != nil {
			e.Fail(doctor.NetworkSTS, ipc.Unreachable, name+": "+err.Error(), "see that this answers: curl -sI "+doctor.Quote(a.URL)+"  (through a proxy or with other certificates: [network] in credd.toml)")
			return
		}
		e.OK(doctor.NetworkSTS, fmt.Sprintf("%s answers (%d ms)", name, time.Since(began).Milliseconds()))
		mu.Lock()
		defer mu.Unlock()
		skews = append(skews, a.Skew)
	})
	e.clock(skews)
}

// clock judges by the endpoint that agrees most with this machine: one that lies is no reason to set a clock.
func (e *examination) clock(skews []time.Duration) {
	if len(skews) == 0 {
		e.Skip(doctor.NetworkClock, "the clock: no STS told the time", "")
		return
	}
	skew := slices.MinFunc(skews, func(a, b time.Duration) int { return cmp.Compare(a.Abs(), b.Abs()) })
	side := "behind"
	if skew < 0 {
		side = "ahead of"
	}
	message := fmt.Sprintf("this machine's clock is %d s %s AWS", int(skew.Abs()/time.Second), side)
	switch {
	case skew.Abs() >= skewRefused:
		e.Fail(doctor.NetworkClock, ipc.Unreachable, message, setClock())
	case skew.Abs() > skewWarned:
		e.Warn(doctor.NetworkClock, message, setClock())
	default:
		e.OK(doctor.NetworkClock, fmt.Sprintf("this machine's clock is within %d s of AWS's", skewWarned/time.Second))
	}
}

// setClock is how this system takes its time from the network.
func setClock() string {
	switch runtime.GOOS {
	case "windows":
		return "w32tm /resync"
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	}
	return "sudo timedatectl set-ntp true"
}

// endpoints are those in use, sorted, and the sources of which it cannot be told here. The order of settings is the daemon's.
func (e *examination) endpoints() (all []endpoint, odd []string) {
	d, services := e.Roster.Settings.Defaults, e.Roster.Settings.Network.EndpointURL
	regions, urls := map[string]string{}, map[string]string{} // of sources, as their own files say
	for _, src := range e.Roster.Sources() {
		region, url, known := e.ProfileEndpoint(src.Profile)
		url = cmp.Or(src.EndpointURL, services, url)
		if !known && url == "" {
			odd = append(odd, src.Name)
			continue
		}
		regions[src.Name], urls[src.Name] = cmp.Or(src.Region, region), url
		all = append(all, endpoint{cmp.Or(src.STSRegion, d.STSRegion, regions[src.Name], d.Region, agent.FirstRegion(src.RoleARN, src.MFASerial)), url})
	}
	for _, r := range e.Roster.Roles() {
		src, ok := e.Roster.Source(e.start(r))
		if _, known := urls[e.start(r)]; !ok || !known || r.ARN == "" {
			continue
		}
		region := cmp.Or(r.STSRegion, src.STSRegion, d.STSRegion, regions[src.Name], r.Region, agent.FirstRegion(r.ARN))
		all = append(all, endpoint{region, urls[src.Name]})
	}
	for i := range all {
		if all[i].url != "" {
			all[i].region = "" // of one URL it makes no difference here
		}
	}
	slices.SortFunc(all, func(a, b endpoint) int { return cmp.Or(cmp.Compare(a.url, b.url), cmp.Compare(a.region, b.region)) })
	return slices.Compact(all), odd
}

// start is the source at the start of a role's chain.
func (e *examination) start(r *roster.Role) string {
	for strings.Contains(r.Source, "/") {
		next, err := e.Roster.Role(r.Source)
		if err != nil {
			break
		}
		r = next
	}
	return r.Source
}
