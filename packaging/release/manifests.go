package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// url is where a published file is.
func (r *release) url(name string) string {
	return strings.TrimSuffix(r.baseURL, "/") + "/v" + r.version.String() + "/" + name
}

// manifests makes the formula and the manifest, if all that they name is there.
func (r *release) manifests() error {
	if len(r.targets) < len(targets) {
		return nil
	}
	formula, err := r.formula()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.out, "credd.rb"), []byte(formula), 0o644); err != nil {
		return err
	}
	manifest, err := r.manifest()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, "credd.json"), manifest, 0o644)
}

// formula is Homebrew's.
func (r *release) formula() (string, error) {
	var b strings.Builder
	b.WriteString("class Credd < Formula\n" +
		"  desc " + ruby(project.Summary) + "\n" +
		"  homepage " + ruby(r.homepage) + "\n" +
		"  version " + ruby(r.version.String()) + "\n" +
		"  license " + ruby(project.License) + "\n")
	for _, system := range []struct{ os, word string }{{"darwin", "macos"}, {"linux", "linux"}} {
		b.WriteString("\n  on_" + system.word + " do\n")
		for _, cpu := range []struct{ arch, word string }{{"arm64", "arm"}, {"amd64", "intel"}} {
			name := r.file(target{system.os, cpu.arch}, "tar.gz")
			sum, err := r.sum(name)
			if err != nil {
				return "", err
			}
			b.WriteString("    on_" + cpu.word + " do\n      url " + ruby(r.url(name)) + "\n      sha256 " + ruby(sum) + "\n    end\n")
		}
		b.WriteString("  end\n")
	}
	b.WriteString(`
  def install
    bin.install "credd", "credhelper"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/credd.bash" => "credd"
    zsh_completion.install "completions/_credd"
    fish_completion.install "completions/credd.fish"
    doc.install Dir["docs/*"], "THIRD-PARTY.txt"
  end

  def caveats
    "To begin: credd init. To have credd at every login: credd service install."
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/credd version")
  end
end
`)
	return b.String(), nil
}

// ruby is a text as Ruby quotes it, with nothing that it would evaluate.
func ruby(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `#`, `\#`, "\n", `\n`).Replace(text) + `"`
}

// manifest is Scoop's.
func (r *release) manifest() ([]byte, error) {
	type download struct {
		URL    string `json:"url"`
		Hash   string `json:"hash"`
		Folder string `json:"extract_dir"`
	}
	m := struct {
		Version      string              `json:"version"`
		Description  string              `json:"description"`
		Homepage     string              `json:"homepage"`
		License      string              `json:"license"`
		Notes        string              `json:"notes"`
		Architecture map[string]download `json:"architecture"`
		Bin          []string            `json:"bin"`
	}{
		r.version.String(), project.Summary, r.homepage, project.License,
		"To begin: credd init. To have credd at every logon: credd service install.", map[string]download{}, nil,
	}
	for word, arch := range map[string]string{"64bit": "amd64", "arm64": "arm64"} {
		name := r.file(target{"windows", arch}, "zip")
		sum, err := r.sum(name)
		if err != nil {
			return nil, err
		}
		m.Architecture[word] = download{r.url(name), sum, strings.TrimSuffix(name, ".zip")}
	}
	for _, p := range programs {
		m.Bin = append(m.Bin, target{"windows", "amd64"}.program(p))
	}
	data, err := json.MarshalIndent(m, "", "    ")
	return append(data, '\n'), err
}

// sums writes the checksums of all that is published, in the form that sha256sum reads.
func (r *release) sums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var lines []string
	for _, e := range entries {
		sum, err := r.sum(e.Name())
		if err != nil {
			return err
		}
		lines = append(lines, sum+"  "+e.Name()+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(strings.Join(lines, "")), 0o644)
}

func (r *release) sum(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(r.out, name))
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}
