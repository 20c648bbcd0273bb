package doctor

import (
	"context"
	"os"
	"runtime"
	"strings"

	"credd/internal/ipc"
)

// helper runs the credhelper beside this credd, and the credd from which it would start a daemon.
func (w *World) helper(ctx context.Context) {
	const install = "make build && install bin/credd bin/credhelper "
	i, err := os.Stat(w.Helper)
	dir := strings.TrimSuffix(w.Helper, base(w.Helper))
	switch {
	case err != nil:
		w.Fail(HelperRuns, ipc.Usage, w.Helper+": "+cause(err), install+Quote(dir)+"  (both have to be in one directory)")
		return
	case i.IsDir() || runtime.GOOS != "windows" && i.Mode().Perm()&0o111 == 0:
		w.Fail(HelperRuns, ipc.Usage, w.Helper+" is not executable", "chmod a+x "+Quote(w.Helper))
		return
	}
	out, err := w.output(ctx, nil, w.Helper, "--version")
	version, ok := strings.CutPrefix(strings.TrimSpace(out), "credhelper ")
	if err != nil || !ok {
		why := "it prints something else than its version"
		if err != nil {
			why = err.Error()
		}
		w.Fail(HelperRuns, ipc.Usage, w.Helper+" does not run: "+why, install+Quote(dir))
		return
	}
	w.OK(HelperRuns, w.Helper+" runs")
	switch {
	case version == "unknown" || w.Version == "":
		w.Skip(HelperVersion, "the versions of credd and credhelper, which do not tell them", "")
	case version != w.Version:
		w.Warn(HelperVersion, w.Helper+" is version "+version+", and this credd "+w.Version, install+Quote(dir))
	default:
		w.OK(HelperVersion, "credhelper is of the same version as credd: "+version)
	}
}
