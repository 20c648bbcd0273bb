import sys

import boto3

print(boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()["Arn"])
