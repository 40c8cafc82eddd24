"""Clients of databases and file storages, by the names that projects import."""

from .client import Client
from .db import DBAPIClient, SQLAlchemyClient
from .shell import ShellClient
from .storage import GCloudStorageClient, LocalStorageClient, S3Client

__all__ = [
    "Client",
    "DBAPIClient",
    "GCloudStorageClient",
    "LocalStorageClient",
    "S3Client",
    "SQLAlchemyClient",
    "ShellClient",
]
