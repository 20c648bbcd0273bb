package invite

import (
	"errors"

	"credd/internal/agent/cred"
)

// The files of an invitation beside those that other packages name.
const (
	parametersFile = "parameters.json"
	terraformFile  = "terraform/main.tf"
	tfvarsFile     = "terraform/terraform.tfvars"
	createFile     = "cli/create.sh"
	finishFile     = "cli/finish-setup.sh"
	deleteFile     = "cli/delete.sh"
)

const (
	secret = 0o600 // holds the external ID
	public = 0o644
)

// errExternalID does not quote it.
var errExternalID = errors.New("the external ID is not 2 to 64 letters, digits and the characters + = , . @ : / _ -")

var externalIDs = newPattern(`^[\w+=,.@:/-]{2,64}$`) // STS AssumeRole; 64 is our own limit

// Folder returns the files of the invitation. id is the external ID; terms that Check refuses give an error.
func (t *Terms) Folder(id cred.Secret) ([]File, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if !externalIDs.matches(id.Reveal()) {
		return nil, errExternalID
	}
	files := t.files(id)
	if page := t.page(id); page != nil {
		files = append([]File{{PageFile, page, secret}}, files...)
	}
	return files, nil
}

// files are those of the three ways to deploy.
func (t *Terms) files(id cred.Secret) []File {
	files := []File{
		{TemplateFile, []byte(t.template()), public},
		{parametersFile, []byte(t.parameters(id)), secret},
		{terraformFile, []byte(t.terraform()), public},
		{tfvarsFile, []byte(t.tfvars(id)), secret},
	}
	return append(files, t.scripts(id)...)
}

// parameters are those of the stack, for --parameters file://…, so that the ID is in no command line.
func (t *Terms) parameters(id cred.Secret) string {
	all := list{object{{"ParameterKey", idParameter}, {"ParameterValue", id.Reveal()}}}
	if t.Setup != nil {
		all = append(all, object{{"ParameterKey", setupParameter}, {"ParameterValue", "On"}})
	}
	return toJSON(all) + "\n"
}
