package host

import (
	"context"

	"golang.org/x/sys/windows/svc"
)

// UnderServices runs serve as the service that Windows started this process for, until Windows tells it to end.
func UnderServices(ctx context.Context, serve func(context.Context) error) error {
	h := &handler{ctx: ctx, serve: serve}
	if err := svc.Run(serviceName, h); err != nil {
		return &Error{Message: "Windows did not start this process as a service: " + err.Error(), Hint: "without --run-by: credd serve", Err: err}
	}
	return h.err
}

type handler struct {
	ctx   context.Context
	serve func(context.Context) error
	err   error
}

// Execute is called by Windows. A daemon that ends by itself ends with an error, so that Windows starts it again.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, states chan<- svc.Status) (bool, uint32) {
	ctx, stop := context.WithCancel(h.ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.serve(ctx) }()
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	states <- running
	for {
		select {
		case h.err = <-ended:
			if h.err != nil || ctx.Err() == nil {
				return true, 1
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				states <- running
			case svc.Stop, svc.Shutdown:
				running = svc.Status{State: svc.StopPending}
				states <- running
				stop()
			}
		}
	}
}
