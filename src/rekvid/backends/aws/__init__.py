"""Rekognition Video on AWS, through boto3."""

from __future__ import annotations

from rekvid.backends.aws.backend import AwsBackend

__all__ = ["AwsBackend"]
