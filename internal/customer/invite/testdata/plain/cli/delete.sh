#!/bin/sh
# Deletes the role: no new sessions. Those that exist live to their end, see invitation.html.
set -eu
CDPATH= cd -- "$(dirname -- "$0")"

account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != 012345678901 ]; then
  echo "these credentials are of account $account, the role belongs into 012345678901" >&2
  exit 1
fi

role=northwind-readonly
trusted=$(aws iam get-role --role-name "$role" --query 'Role.AssumeRolePolicyDocument.Statement[].Principal.AWS' --output text)
case $trusted in
*210987654321*) ;;
*)
  echo "role $role does not let in account 210987654321, so it is left as it is; if it should go, delete it in the console" >&2
  exit 1
  ;;
esac
for policy in $(aws iam list-role-policies --role-name "$role" --query 'PolicyNames[]' --output text); do
  aws iam delete-role-policy --role-name "$role" --policy-name "$policy"
done
for arn in $(aws iam list-attached-role-policies --role-name "$role" --query 'AttachedPolicies[].PolicyArn' --output text); do
  aws iam detach-role-policy --role-name "$role" --policy-arn "$arn"
done
aws iam delete-role --role-name "$role"
