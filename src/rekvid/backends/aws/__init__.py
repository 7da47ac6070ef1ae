"""Rekognition Video on AWS, through boto3."""

from __future__ import annotations

from rekvid.backends.aws.backend import AwsBackend
from rekvid.backends.aws.files import UploadProgress
from rekvid.backends.aws.staging import Staging
from rekvid.backends.aws.starting import StartWait

__all__ = ["AwsBackend", "Staging", "StartWait", "UploadProgress"]
