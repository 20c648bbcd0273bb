package host

import (
	"context"
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

func (w winService) status(context.Context) (Status, error) {
	st := Status{Manager: "Windows services", Files: []string{}}
	err := look(func(s *mgr.Service) error {
		is, err := configOf(s)
		if err != nil {
			return err
		}
		now, err := s.Query()
		st.Installed, st.AtLogin, st.Outdated = true, is.start == mgr.StartAutomatic, is.line != w.line()
		st.Running, st.PID = now.State == svc.Running, int(now.ProcessId)
		if args, err := windows.DecomposeCommandLine(is.line); err == nil && len(args) > 0 {
			st.Program = args[0]
		}
		return err
	})
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return st, nil
	}
	return st, err
}

// config is what makes this service ours.
type config struct {
	line, account string
	start         uint32
}

func configOf(s *mgr.Service) (config, error) {
	buf := make([]byte, 8<<10) // the most that QueryServiceConfig fills
	var need uint32
	c := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buf[0]))
	if err := windows.QueryServiceConfig(s.Handle, c, uint32(len(buf)), &need); err != nil {
		return config{}, err
	}
	return config{windows.UTF16PtrToString(c.BinaryPathName), windows.UTF16PtrToString(c.ServiceStartName), c.StartType}, nil
}

// look opens the service as every user may.
func look(do func(*mgr.Service) error) error {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(m)
	name, err := syscall.UTF16PtrFromString(serviceName)
	if err != nil {
		return err
	}
	h, err := windows.OpenService(m, name, windows.SERVICE_QUERY_CONFIG|windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(h)
	return do(&mgr.Service{Name: serviceName, Handle: h})
}
