#!/bin/sh
# Creates the role, the same one as template.yaml. If it stops half-way, run delete.sh and start anew.
set -eu
CDPATH= cd -- "$(dirname -- "$0")"

account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != 012345678901 ]; then
  echo "these credentials are of account $account, the role belongs into 012345678901" >&2
  exit 1
fi

# Who may assume it is in trust.json, with the external ID.
aws iam create-role \
  --role-name northwind-readonly \
  --path /northwind/ \
  --description 'Lets northwind (AWS account 210987654321) work in the account of Acme Corp.' \
  --max-session-duration 3600 \
  --assume-role-policy-document file://trust.json \
  --tags file://tags.json \
  --query Role.Arn --output text
aws iam wait role-exists --role-name northwind-readonly

# What the role may do as long as it exists.
aws iam put-role-policy --role-name northwind-readonly --policy-name access --policy-document file://access.json

# What the role may do in addition until the setup is done.
aws iam put-role-policy --role-name northwind-readonly --policy-name setup --policy-document file://setup.json

# Lets the role look at itself, so that it can be proven what it may do. It can change nothing.
aws iam put-role-policy --role-name northwind-readonly --policy-name self-check --policy-document file://self-check.json
