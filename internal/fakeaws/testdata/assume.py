# Assumes a role with botocore and prints who the session is, or AWS's error.
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key, secret, role, external_id = sys.argv[1:]


def client(key, secret, token=None):
    return boto3.client(
        "sts", endpoint_url=endpoint, region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1}),
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)


try:
    out = client(key, secret).assume_role(
        RoleArn=role, RoleSessionName="boto", ExternalId=external_id, DurationSeconds=900)
    c = out["Credentials"]
    who = client(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"]).get_caller_identity()
    print(who["Arn"], c["Expiration"].utcoffset())
except ClientError as e:
    print(e.response["ResponseMetadata"]["HTTPStatusCode"], e)
