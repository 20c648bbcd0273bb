package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// moving takes a profile of before over, changes a shell to its role, and gives the profile back.
func moving(ctx context.Context, w *world) error {
	title(8, "A profile of before: taken over, used in one word, and given back")
	if _, err := exec.LookPath("bash"); err != nil {
		fmt.Println("(no bash on the PATH to show it in)")
		return nil
	}
	config := filepath.Join(w.home, ".aws/config")
	old, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	mine := fmt.Sprintf("%s\n[profile hooli]  # as it was for years\nrole_arn = %s\nsource_profile = work\nexternal_id = %s\nregion = %s\nendpoint_url = %s\n",
		old, hooli.arn(), hooli.externalID, region, w.aws.URL())
	if err := os.WriteFile(config, []byte(mine), 0o600); err != nil {
		return err
	}
	out, err := w.show(ctx, "", "credd", "import", "--yes", "--only", "hooli")
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if out, err = w.inShell(ctx, "credd use hooli", "echo $AWS_PROFILE $AWS_REGION", "credhelper $CREDD_ROLE >/dev/null && echo its session is there"); err != nil {
		return fmt.Errorf("use: %w", err)
	}
	fmt.Print(out)
	out, err = w.show(ctx, "", "credd", "import", "--undo", "--yes")
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	if now, err := os.ReadFile(config); err != nil || string(now) != mine {
		return fmt.Errorf("the undo did not restore %s: %v", config, err)
	}
	fmt.Println("(every byte is as before)")
	return nil
}

// inShell shows commands as they are typed into one shell, which has loaded credd's function.
func (w *world) inShell(ctx context.Context, lines ...string) (string, error) {
	fmt.Println("\n$ eval \"$(credd shell-init bash)\"")
	for _, l := range lines {
		fmt.Println("$ " + l)
	}
	script := `PATH="$1:$PATH"; eval "$(credd shell-init bash)"; exec 2>&1` + "\n" + strings.Join(lines, "\n")
	cmd := w.command(ctx, "bash", "-c", script, "bash", w.bin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
