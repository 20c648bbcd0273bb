package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// takeOver imports the profiles that are there, if that is wanted. Who has roles already is not asked.
func (g *guide) takeOver(ctx context.Context) error {
	if g.noImport || !g.takesOver && len(roster.Load(g.where.config, nil).Roles()) > 0 {
		return nil
	}
	plan, err := g.planImport(ctx, g.where, &imported{keys: g.keys})
	if err != nil {
		e := sorted(err)
		g.warn("the profiles that you have cannot be read: "+e.message, e.hint)
		return nil
	}
	if plan.Empty() {
		return nil
	}
	var names []string
	for _, v := range plan.Verdicts {
		if v.Name != "" {
			names = append(names, printable(v.Profile))
		}
	}
	if !g.takesOver && g.form == nil {
		g.note("%s in ~/.aws can be taken over: credd import --dry-run", count(len(names), "profile"))
		return nil
	}
	if !g.takesOver {
		take, err := g.form.yes(ctx, "Take over the "+count(len(names), "profile")+" that you have in ~/.aws?",
			few(names)+".\nThey keep their names and get their credentials from credd. All is shown before it is done, and credd import --undo restores every byte.")
		if err != nil {
			return err
		}
		if !take {
			g.note("at another time: credd import\n")
			return nil
		}
	}
	if len(plan.Movable) > 0 && g.form != nil || len(plan.Keys()) > 0 {
		if err := g.vault(ctx); err != nil {
			return err
		}
	}
	err = g.imports(ctx, &imported{yes: g.yes, keys: g.keys})
	if errors.Is(err, errUnchanged) {
		g.note("nothing was imported; at another time: credd import")
		err = nil
	}
	g.gap()
	return err
}

// vault sees that secrets can be kept. Where there is no keyring it asks for another place of the vault's key.
func (g *guide) vault(ctx context.Context) error {
	set := roster.Load(g.where.config, nil).Settings.Vault.Key
	if g.vaultKey != "" && set != g.vaultKey {
		if err := g.set(ctx, "vault", "key", g.vaultKey); err != nil {
			return err
		}
	}
	err := g.vaultReady(ctx, usualSource)
	if _, has := os.Stat(g.where.vault); err == nil || g.vaultKey != "" || set != "" || has == nil {
		return err
	}
	e := sorted(err)
	if e.code == ipc.NoDaemon {
		return err
	}
	why := strings.TrimPrefix(e.message, usualSource+": ")
	if g.form == nil {
		return &userError{e.code, "secrets cannot be kept: " + why, "say where the key of the vault is: --vault-key passphrase, or --vault-key file"}
	}
	picks := []pick{{"passphrase", "passphrase", "asked for once after each start of credd"}, {"file", "file", "nothing is asked, and what runs as you can read it"}}
	about := "Keys and logins are kept encrypted. A desktop's keyring would hold the key to them, but " + printable(why) + "."
	if err := g.form.page(ctx, &blank{title: "What opens the vault of your secrets?", about: about, value: &g.vaultKey, choices: picks}); err != nil {
		return err
	}
	if err := g.set(ctx, "vault", "key", g.vaultKey); err != nil {
		return err
	}
	return g.vaultReady(ctx, usualSource)
}
