"""Makes our user and the customers' roles in moto and prints the user's key."""
import json

import boto3

iam = boto3.client("iam")
everything = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
user = iam.create_user(UserName="work")["User"]
iam.put_user_policy(UserName="work", PolicyName="all", PolicyDocument=everything)
key = iam.create_access_key(UserName="work")["AccessKey"]
for name in ("acme", "wrong"):
    trust = {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": f"canary-external-id-{name}"}},
        }],
    }
    iam.create_role(RoleName=f"{name}-readonly", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=f"{name}-readonly", PolicyName="all", PolicyDocument=everything)
print(json.dumps({"ID": key["AccessKeyId"], "Secret": key["SecretAccessKey"], "Account": user["Arn"].split(":")[4]}))
