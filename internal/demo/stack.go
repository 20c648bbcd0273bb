package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// stack does with the customer's stack what the AWS CLI would, from the same files.
func (w *world) stack(ctx context.Context, what string) error {
	form := url.Values{"Version": {"2010-05-15"}, "StackName": {"northwind-monitoring"}, "Action": {"DeleteStack"}}
	if what == "create-stack" {
		template, err := os.ReadFile(filepath.Join(w.sent, "template.yaml"))
		if err != nil {
			return err
		}
		form.Set("Action", "CreateStack")
		form.Set("TemplateBody", string(template))
		form.Set("Capabilities.member.1", "CAPABILITY_NAMED_IAM")
		if err := w.parameters(form); err != nil {
			return err
		}
	}
	return w.ask(ctx, form)
}

// parameters reads the file that --parameters names.
func (w *world) parameters(form url.Values) error {
	text, err := os.ReadFile(filepath.Join(w.sent, "parameters.json"))
	if err != nil {
		return err
	}
	var all []struct{ ParameterKey, ParameterValue string }
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("parameters.json: %w", err)
	}
	for i, p := range all {
		form.Set(fmt.Sprintf("Parameters.member.%d.ParameterKey", i+1), p.ParameterKey)
		form.Set(fmt.Sprintf("Parameters.member.%d.ParameterValue", i+1), p.ParameterValue)
	}
	return nil
}

// ask sends a request to the simulator's CloudFormation, signed by the customer.
func (w *world) ask(ctx context.Context, form url.Values) error {
	body := form.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.aws.URL()+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(body))
	creds := aws.Credentials{AccessKeyID: w.theirs.ID, SecretAccessKey: w.theirs.Secret}
	if err := v4.NewSigner().SignHTTP(ctx, creds, r, hex.EncodeToString(sum[:]), "cloudformation", region, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", form.Get("Action"), text)
	}
	return nil
}
