package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"credd/internal/doctor"
	"credd/internal/host"
	"credd/internal/ipc"
)

// service sees whether credd is a service, and is well as one. That it is none is well too.
func (e *examination) service(ctx context.Context) {
	if e.where.machine && !e.system {
		return // for its administrator
	}
	st, err := e.serviceState(ctx)
	switch {
	case errors.Is(err, host.ErrNoManager) && !st.Installed:
		e.Skip(doctor.DaemonService, "a service: there is no service manager to ask, and none is needed", "")
		return
	case err != nil:
		f := sorted(err)
		e.Warn(doctor.DaemonService, "the service cannot be asked for: "+f.message, f.hint)
		return
	case !st.Installed:
		e.Skip(doctor.DaemonService, "a service: credd is none, and credhelper starts it", e.serviceLine("install"))
		return
	}
	_, gone := os.Stat(st.Program)
	switch {
	case st.Program != "" && gone != nil:
		e.Fail(doctor.DaemonService, ipc.Usage, "the service starts "+st.Program+", and that is not there", e.serviceLine("install"))
	case st.Outdated:
		e.Warn(doctor.DaemonService, outdated(st), e.serviceLine("install"))
	case !st.AtLogin:
		e.Warn(doctor.DaemonService, "the service does not start at a "+e.begins(), e.serviceLine("install"))
	case !st.Listening && !st.Running:
		e.Warn(doctor.DaemonService, "the service is stopped", e.serviceLine("start"))
	case st.Other != 0:
		e.Warn(doctor.DaemonService, fmt.Sprintf("the daemon with pid %d is not the service's", st.Other), e.serviceLine("start"))
	case remote() && st.Manager == "systemd" && !st.System && !st.Lingers:
		e.Warn(doctor.DaemonService, "the service ends with your last session, and nobody sits at this machine", "loginctl enable-linger")
	default:
		e.OK(doctor.DaemonService, "credd is a service of "+st.Manager)
	}
}
