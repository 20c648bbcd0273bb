package doctor

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The first versions that know credential_process, by their change logs.
const (
	firstBotocore  = "1.8.0"   // November 2017: "support for the process credential provider"
	firstBoto3     = "1.5.0"   // the first on that botocore
	firstCLI       = "1.12.0"  // likewise; all of version 2 do
	firstGo1       = "1.25.42" // 1.16.0 had it first, and could not read its output everywhere
	firstTerraform = "0.11.14" // for its S3 backend
	firstGo2       = "0.20.0"
)

// awsCLI asks the AWS CLI of PATH for its version.
func (w *World) awsCLI(ctx context.Context) {
	path := w.found("aws")
	if path == "" {
		w.Skip(ToolAWS, "the AWS CLI: there is none in PATH", "")
		return
	}
	none := []string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull} // what is wrong in them has its own check
	out, err := w.output(ctx, none, path, "--version")
	version, ok := strings.CutPrefix(firstWord(out), "aws-cli/")
	switch {
	case err != nil:
		w.Warn(ToolAWS, path+" --version: "+err.Error(), "see what it does: "+Quote(path)+" --version")
	case !ok || numbers(version) == nil:
		w.Skip(ToolAWS, path+", which does not tell the version of the AWS CLI", "")
	case older(version, firstCLI):
		w.Warn(ToolAWS, path+" is version "+version+", which knows no credential_process; "+firstCLI+" is the first that does", "pip install --upgrade awscli")
	default:
		w.OK(ToolAWS, path+" is version "+version+"; credential_process needs "+firstCLI)
	}
}

func firstWord(s string) string {
	if words := strings.Fields(s); len(words) > 0 {
		return words[0]
	}
	return ""
}

const askPython = `import importlib.metadata as m
for n in ("boto3", "botocore"):
    try: print(n, m.version(n))
    except Exception: pass`

// python asks the python3 of PATH what it has of boto.
func (w *World) python(ctx context.Context) {
	path := w.found("python3")
	if path == "" {
		w.Skip(ToolPython, "boto3: there is no python3 in PATH", "")
		return
	}
	out, err := w.output(ctx, nil, path, "-c", askPython)
	if err != nil {
		w.Skip(ToolPython, "boto3, as "+path+" does not tell: "+err.Error(), "")
		return
	}
	any := false
	for line := range strings.Lines(out) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		first := map[string]string{"boto3": firstBoto3, "botocore": firstBotocore}[name]
		switch {
		case first == "" || numbers(version) == nil:
			continue
		case older(version, first):
			w.Warn(ToolPython, name+" "+version+" of "+path+" knows no credential_process; "+first+" is the first that does", Quote(path)+" -m pip install --upgrade "+name)
		default:
			w.OK(ToolPython, name+" "+version+" of "+path+"; credential_process needs "+first)
		}
		any = true
	}
	if !any {
		w.Skip(ToolPython, "boto3: "+path+" has none", "")
	}
}

// terraform asks for its version, without its look at what is newest.
func (w *World) terraform(ctx context.Context) {
	path := w.found("terraform")
	if path == "" {
		return
	}
	out, err := w.output(ctx, []string{"CHECKPOINT_DISABLE=1"}, path, "version")
	_, version, ok := strings.Cut(out, "Terraform v") // it may warn of its own files before
	version = firstWord(version)
	switch {
	case err != nil:
		w.Skip(ToolTerraform, path+" version: "+err.Error(), "")
	case !ok:
		w.Skip(ToolTerraform, path+", which does not tell the version of Terraform", "")
	case older(version, firstTerraform):
		w.Warn(ToolTerraform, path+" is version "+version+", whose S3 backend knows no credential_process; "+firstTerraform+" is the first that does", "credd exec ROLE -- terraform plan")
	default:
		w.OK(ToolTerraform, path+" is version "+version+"; credential_process needs "+firstTerraform)
	}
}

// node looks what the working directory has of the SDK for JavaScript.
func (w *World) node() {
	for _, name := range []string{"@aws-sdk/credential-providers", "@aws-sdk/credential-provider-node", "@aws-sdk/client-sts", "@aws-sdk/core"} {
		if version := w.packageVersion(name); version != "" {
			w.OK(ToolNode, name+" "+version+" in "+filepath.Join(w.Dir, "node_modules")+": version 3 knows credential_process")
			break
		}
	}
	version := w.packageVersion("aws-sdk")
	switch {
	case version == "":
	case w.Getenv("AWS_SDK_LOAD_CONFIG") == "":
		w.Warn(ToolNode, "aws-sdk "+version+" in "+filepath.Join(w.Dir, "node_modules")+" reads ~/.aws/config only with AWS_SDK_LOAD_CONFIG", "export AWS_SDK_LOAD_CONFIG=1")
	default:
		w.OK(ToolNode, "aws-sdk "+version+" in "+filepath.Join(w.Dir, "node_modules")+" is told to read ~/.aws/config")
	}
}

func (w *World) packageVersion(name string) string {
	data := small(filepath.Join(w.Dir, "node_modules", filepath.FromSlash(name), "package.json"))
	var p struct{ Version string }
	if json.Unmarshal(data, &p) != nil {
		return ""
	}
	return versionForm.FindString(p.Version)
}

var goRequirement = regexp.MustCompile(`(?m)^\s*(?:require\s+)?(github\.com/aws/aws-sdk-go(?:-v2)?)\s+v([0-9][0-9.]*)`)

// goModule looks which SDKs for Go the module in the working directory needs.
func (w *World) goModule() {
	path := filepath.Join(w.Dir, "go.mod")
	for _, m := range goRequirement.FindAllSubmatch(small(path), -1) {
		name, version := string(m[1]), string(m[2])
		first := firstGo1
		if strings.HasSuffix(name, "-v2") {
			first = firstGo2
		}
		if older(version, first) {
			w.Warn(ToolGo, name+" v"+version+" in "+path+" does not read credential_process well; v"+first+" is the first that does", "go get "+name+"@latest")
			continue
		}
		w.OK(ToolGo, name+" v"+version+" in "+path+"; credential_process needs v"+first)
	}
}

// small reads a file of a usual size; nil if it is none.
func small(path string) []byte {
	i, err := os.Stat(path)
	if err != nil || !i.Mode().IsRegular() || i.Size() > 1<<20 {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return data
}

// others names programs that read no credential_process.
func (w *World) others() {
	for _, name := range []string{"s3fs", "restic"} {
		if path := w.found(name); path != "" {
			w.Skip(ToolOther, path+", of which versions read no credential_process", "credd exec ROLE -- "+name)
		}
	}
}
