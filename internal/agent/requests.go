package agent

import (
	"context"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

// request is one kind of management request. Only root and the owner may make it, unless it says otherwise: what is new is closed.
type request struct {
	do     func(*Agent, context.Context, *caller, api.Request) (any, failure)
	guests bool   // may make it, too: do answers from what is open to the one who asks
	hint   string // else the command that its administrator makes it by
}

// requests are all kinds.
var requests = map[string]request{
	api.DoStatus: {guests: true, do: func(a *Agent, ctx context.Context, c *caller, _ api.Request) (any, failure) {
		return a.statusFor(ctx, c), failure{}
	}},
	api.DoNames: {guests: true, do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.names(ctx, c, r.Text), failure{}
	}},
	api.DoRoster: {guests: true, do: func(a *Agent, ctx context.Context, c *caller, _ api.Request) (any, failure) {
		return a.rosterFor(ctx, c), failure{}
	}},
	api.DoAudit: {guests: true, do: (*Agent).lines},
	api.DoTest: {guests: true, do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.test(ctx, c, r.Name)
	}},
	api.DoRefresh: {guests: true, do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.renew(ctx, c, r.Name)
	}},
	api.DoForget: {guests: true, do: (*Agent).forget},

	api.DoAlive: {hint: "status", do: (*Agent).alive},
	api.DoReload: {hint: "reload", do: func(a *Agent, _ context.Context, _ *caller, _ api.Request) (any, failure) {
		return a.Reload(), failure{}
	}},
	api.DoVerify: {hint: "customer verify --help", do: (*Agent).verify},

	api.DoLogin: {hint: "login SOURCE", do: (*Agent).login},
	api.DoLogout: {hint: "logout SOURCE", do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.logout(ctx, c, r.Name)
	}},
	api.DoStoreKey: {hint: "source add --help", do: (*Agent).storeKey},
	api.DoTryKey:   {hint: "source add --help", do: func(a *Agent, ctx context.Context, _ *caller, r api.Request) (any, failure) { return a.tryKey(ctx, r) }},
	api.DoKeyID: {hint: "source list", do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.keyID(ctx, c, r.Name)
	}},
	api.DoRotate: {hint: "source rotate SOURCE", do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.rotate(ctx, c, r.Name)
	}},
	api.DoDropKey: {hint: "source remove SOURCE", do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.dropKey(ctx, c, r.Name)
	}},
	api.DoAccounts: {hint: "source add --help", do: (*Agent).accounts},

	api.DoKeep: {hint: "import --help", do: (*Agent).keep},
	api.DoKept: {hint: "import --help", do: func(a *Agent, ctx context.Context, c *caller, r api.Request) (any, failure) {
		return a.kept(ctx, c, r.Name)
	}},
}

// do returns the reply, or the failure if it is not zero.
func (a *Agent) do(ctx context.Context, c *caller, r api.Request) (any, failure) {
	kind, ok := requests[r.Do]
	switch {
	case !ok:
		return nil, fail(ipc.Usage, "unsupported request: this credd does not know how to do "+r.Do, "restart credd after an upgrade")
	case !kind.guests && !c.manages():
		return nil, fail(ipc.Refused, "only the administrator of this machine's credd may do that", "as root: sudo credd --system "+kind.hint)
	}
	return kind.do(a, ctx, c, r)
}
