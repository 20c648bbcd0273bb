package invite

import "strings"

// ways are the ways to create the role, the one without tools first. files are those of the invitation, commands are what
// creates the role from them.
func (t *Terms) ways(files []File, commands []Command) []pageWay {
	deploy := map[string]string{}
	for _, c := range commands {
		deploy[c.Way] = c.Text
	}
	pick := func(prefix string, names ...string) (picked []File) {
		for _, f := range files {
			rest, ok := strings.CutPrefix(f.Path, prefix)
			if !ok || strings.Contains(rest, "/") {
				continue
			}
			for _, n := range names {
				if matched := n == rest || strings.HasPrefix(n, "*") && strings.HasSuffix(rest, n[1:]); matched {
					picked = append(picked, File{Path: rest, Data: f.Data, Mode: f.Mode})
				}
			}
		}
		return picked
	}
	template := pick("", TemplateFile)
	return []pageWay{
		{"console", "CloudFormation, in the console", "Nothing to install. Deleting the stack ends it all.", []pageStep{
			{Say: "Save the template. The external ID is not in it.", Files: template},
			{Say: "Open the CloudFormation console in region <code>{}</code>, choose <em>Create stack</em>, <em>With new resources</em>, and upload the file.", Texts: []string{t.Region}},
			{Say: "Name the stack <code>{}</code> and paste the external ID" + t.setupOn() + ".", Texts: []string{t.Stack}, ExternalID: true},
			{Say: "Leave everything else as it is, confirm that CloudFormation may make a role with a name, and choose <em>Submit</em>."},
		}},
		{"stack", "CloudFormation, by command", "The same, with the AWS CLI.", []pageStep{
			{Say: "In the invitation's folder they are there already. Else save both in one directory:", Files: append(template, pick("", "parameters.json")...)},
			{Say: "Run this there, as an administrator of account <code>{}</code>:", Texts: []string{t.AccountID}, Command: deploy[WayCloudFormation]},
		}},
		{"terraform", "Terraform", "For an account that Terraform looks after.", []pageStep{
			{Say: "In the invitation's folder they are there already. Else make a directory <code>terraform</code> and save these in it:", Files: pick("terraform/", "*.tf", "*.tfvars")},
			{Say: "Run this beside that directory, as an administrator of account <code>{}</code>:", Texts: []string{t.AccountID}, Command: deploy[WayTerraform]},
		}},
		{"cli", "AWS CLI", "A script that makes the role itself, without a stack.", []pageStep{
			{Say: "In the invitation's folder they are there already. Else make a directory <code>cli</code> and save these in it. <code>create.sh</code> says what it does; keep the others for later.", Files: pick("cli/", "*.sh", "*.json")},
			{Say: "Run this beside that directory, as an administrator of account <code>{}</code>:", Texts: []string{t.AccountID}, Command: deploy[WayCLI]},
		}},
	}
}

// setupOn is what to do with the parameter that only two phases have.
func (t *Terms) setupOn() markup {
	if t.Setup == nil {
		return ""
	}
	return ". Leave <code>SetupPermissions</code> at <code>On</code>; you turn it off when the setup is done"
}
