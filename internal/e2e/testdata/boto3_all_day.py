"""Calls AWS once for each line of stdin, as a program that runs all day does."""
import sys

import boto3

sts = boto3.Session(profile_name=sys.argv[1]).client("sts")
for _ in sys.stdin:
    print(sts.get_caller_identity()["Arn"], flush=True)
