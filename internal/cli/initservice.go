package cli

import (
	"context"
)

// asService offers to make credd a service, where there is a service manager and it is none yet. What fails is told: all else is set up.
func (g *guide) asService(ctx context.Context) error {
	if g.noService {
		return nil
	}
	if !g.wantsService {
		if g.form == nil || g.yes {
			return nil
		}
		st, err := g.serviceState(ctx)
		if err != nil || st.Listening || st.Installed && !st.Packaged {
			return nil
		}
		g.gap()
		wants, err := g.form.yes(ctx, "Make credd a service of yours?", "Its socket is there from each login on, and a crash is mended. Without, credhelper starts credd when it is asked.\n"+
			"It can be undone by: credd service uninstall")
		if err != nil || !wants {
			return err
		}
	}
	if err := g.installService(ctx); err != nil {
		e := sorted(err)
		g.warn("credd did not become a service: "+e.message, e.hint)
		g.note("credhelper starts credd by itself; at another time: credd service install")
	}
	return nil
}
