package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// parts writes the list of what is linked into a target's credd (CycloneDX), read from the binary. What credhelper links is among it.
func (r *release) parts(t target) error {
	list := filepath.Join(r.work, "parts.json")
	if _, err := r.run(t, r.tool("cyclonedx-gomod"), "bin", "-json", "-noserial", "-notimestamp", "-std", "-version", r.version.String(),
		"-output", list, r.source("bin/credd", t)); err != nil {
		return err
	}
	data, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	if data, err = withoutMaker(data); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, r.file(t, "cdx.json")), data, 0o644)
}

// withoutMaker leaves out the checksums of the program that made the list: they differ where that was built in another way.
func withoutMaker(data []byte) ([]byte, error) {
	var list map[string]any
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	if meta, ok := list["metadata"].(map[string]any); ok {
		tools, _ := meta["tools"].([]any)
		for _, tool := range tools {
			if t, ok := tool.(map[string]any); ok {
				delete(t, "hashes")
			}
		}
	}
	out, err := json.MarshalIndent(list, "", "  ")
	return append(out, '\n'), err
}
