# Renews an access key with botocore, from a session with MFA, and prints each step.
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key, secret, serial, code = sys.argv[1:]


def client(service, key, secret, token=None):
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}),
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)


def show(iam):
    print(*(m["Status"] for m in iam.list_access_keys()["AccessKeyMetadata"]))


c = client("sts", key, secret).get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
iam = client("iam", c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])
new = iam.create_access_key()["AccessKey"]
print(new["UserName"], new["Status"], new["CreateDate"].utcoffset())
try:
    iam.create_access_key()
except ClientError as e:
    print(e.response["ResponseMetadata"]["HTTPStatusCode"], e)
iam.update_access_key(AccessKeyId=key, Status="Inactive")
show(iam)
iam.delete_access_key(AccessKeyId=key)
show(iam)
iam.delete_access_key(AccessKeyId=new["AccessKeyId"])
show(iam)
print(iam.get_user()["User"]["Arn"])
