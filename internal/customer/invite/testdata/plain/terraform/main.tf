# One role, and nothing else. To end all access: terraform destroy.
terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# The external ID that you were given. It stands in the trust below and in no output.
variable "external_id" {
  type      = string
  sensitive = true
  nullable  = false

  validation {
    condition     = can(regex("^[\\w+=,.@:/-]{2,64}$", var.external_id))
    error_message = "2 to 64 letters, digits and the characters + = , . @ : / _ -"
  }
}

# Set it to false when the setup is done: the permissions of the policy "setup" go, all others stay.
variable "setup" {
  type     = bool
  default  = true
  nullable = false
}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "access" {
  name                  = "northwind-readonly"
  path                  = "/northwind/"
  description           = "Lets northwind (AWS account 210987654321) work in the account of Acme Corp."
  max_session_duration  = 3600
  force_detach_policies = true
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          AWS = "arn:aws:iam::210987654321:root"
        }
        Action = "sts:AssumeRole"
        Condition = {
          StringEquals = {
            "sts:ExternalId" = var.external_id
          }
          ArnLike = {
            "aws:PrincipalArn" = "arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_CustomerAccess_????????????????"
          }
          DateLessThan = {
            "aws:CurrentTime" = "2027-03-31T00:00:00Z"
          }
        }
      },
    ]
  })
  tags = {
    Owner = "platform team"
  }

  lifecycle {
    precondition {
      condition     = data.aws_caller_identity.current.account_id == "012345678901"
      error_message = "These credentials are of another account: the role belongs into 012345678901."
    }
  }
}

# What the role may do as long as it exists.
resource "aws_iam_role_policy" "access" {
  name = "access"
  role = aws_iam_role.access.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "s3:ListBucket",
          "s3:GetBucketLocation",
          "s3:GetBucketVersioning",
        ]
        Resource = "arn:aws:s3:::acme-reports"
      },
      {
        Effect = "Allow"
        Action = [
          "s3:GetObject",
          "s3:GetObjectVersion",
          "s3:GetObjectTagging",
        ]
        Resource = "arn:aws:s3:::acme-reports/*"
      },
    ]
  })
}

# What the role may do in addition until the setup is done.
resource "aws_iam_role_policy" "setup" {
  count = var.setup ? 1 : 0
  name  = "setup"
  role  = aws_iam_role.access.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "ec2:StartInstances",
          "ec2:StopInstances",
          "ec2:RebootInstances",
        ]
        Resource = "arn:aws:ec2:eu-west-1:012345678901:instance/i-0123456789abcdef0"
      },
      {
        Effect = "Allow"
        Action = [
          "ec2:DescribeInstances",
          "ec2:DescribeInstanceStatus",
        ]
        Resource = "*"
      },
    ]
  })
}

# Lets the role look at itself, so that it can be proven what it may do. It can change nothing.
resource "aws_iam_role_policy" "self_check" {
  name = "self-check"
  role = aws_iam_role.access.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "iam:GetRole",
          "iam:SimulatePrincipalPolicy",
        ]
        Resource = aws_iam_role.access.arn
      },
    ]
  })
}

output "role_arn" {
  description = "The ARN of the role."
  value       = aws_iam_role.access.arn
}
