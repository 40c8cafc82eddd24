"""Clients of file storages, to which products are copied: a folder, or a bucket in a cloud.

A product keeps its path relative to the project's root there, below `parent`.
"""

from __future__ import annotations

import abc
import json
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from ..exceptions import RemoteFileNotFound

__all__ = ["AbstractStorageClient", "GCloudStorageClient", "LocalStorageClient", "S3Client"]


class AbstractStorageClient(abc.ABC):
    """Copies files and folders of the project to where `_remote_path` says, and back."""

    def __init__(self, parent: str | os.PathLike[str], root: str | os.PathLike[str] | None) -> None:
        self._parent = os.fspath(parent)
        self._path_to_project_root = Path(root or ".").resolve()

    @property
    def parent(self) -> str:
        """The folder there which holds everything."""
        return self._parent

    def upload(self, local: str | os.PathLike[str]) -> None:
        """Copy a file or folder there. What a folder held there before is gone."""
        path = Path(local)
        remote = self._remote_path(path)
        if not path.is_dir():
            self._put(path, remote)
            return
        self._remove(remote)
        for file in sorted(each for each in path.rglob("*") if each.is_file()):
            self._put(file, f"{remote}/{file.relative_to(path).as_posix()}")

    def download(self, local: str | os.PathLike[str], destination: str | os.PathLike[str] | None = None) -> None:
        """Fetch a file or folder to `destination`, else to where it belongs.

        Raises:
            RemoteFileNotFound: It is not there.
        """
        remote, target = self._remote_path(local), Path(destination or local)
        if self._is_file(remote):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._get(remote, target)
            return
        files = self._below(remote)
        if not files:
            raise RemoteFileNotFound(f"The storage has no copy of '{local}'.")
        for name in files:
            file = target.joinpath(*PurePosixPath(name).parts)
            file.parent.mkdir(parents=True, exist_ok=True)
            self._get(f"{remote}/{name}", file)

    def close(self) -> None:  # noqa: B027 (there is nothing to close)
        """Does nothing."""

    def _remote_path(self, local: str | os.PathLike[str]) -> str:
        path = Path(os.path.abspath(local))  # noqa: PTH100 (links are not followed)
        relative = path.relative_to(self._path_to_project_root)
        return str(PurePosixPath(self._parent, *relative.parts))

    def _remote_exists(self, local: str | os.PathLike[str]) -> bool:
        remote = self._remote_path(local)
        return self._is_file(remote) or bool(self._below(remote))

    @abc.abstractmethod
    def _put(self, local: Path, remote: str) -> None:
        """Copy a file there."""

    @abc.abstractmethod
    def _get(self, remote: str, local: Path) -> None:
        """Copy a file from there."""

    @abc.abstractmethod
    def _remove(self, remote: str) -> None:
        """Remove a file or folder, if it is there."""

    @abc.abstractmethod
    def _is_file(self, remote: str) -> bool:
        """Is it there, and a file?"""

    @abc.abstractmethod
    def _below(self, remote: str) -> list[str]:
        """The files in a folder there, by their paths relative to it; none if there is no such folder."""


class LocalStorageClient(AbstractStorageClient):
    """Keeps copies in a folder."""

    def __init__(
        self, path_to_backup_dir: str | os.PathLike[str], path_to_project_root: str | os.PathLike[str] | None = None
    ) -> None:
        super().__init__(path_to_backup_dir, path_to_project_root)
        Path(path_to_backup_dir).mkdir(parents=True, exist_ok=True)

    def _put(self, local: Path, remote: str) -> None:
        target = Path(remote)
        if target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".cauce-{os.getpid()}.tmp")
        shutil.copyfile(local, temporary)
        temporary.replace(target)

    def _get(self, remote: str, local: Path) -> None:
        shutil.copyfile(remote, local)

    def _remove(self, remote: str) -> None:
        if Path(remote).is_dir():
            shutil.rmtree(remote)
        else:
            Path(remote).unlink(missing_ok=True)

    def _is_file(self, remote: str) -> bool:
        return Path(remote).is_file()

    def _below(self, remote: str) -> list[str]:
        folder = Path(remote)
        return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())

    def __repr__(self) -> str:
        return f"LocalStorageClient({self._parent!r})"


class _Bucket(AbstractStorageClient):
    """A bucket, through fsspec."""

    _PROTOCOL = ""
    _PACKAGE = ""

    def __init__(
        self,
        bucket_name: str,
        parent: str,
        json_credentials_path: str | os.PathLike[str] | None = None,
        path_to_project_root: str | os.PathLike[str] | None = None,
        credentials_relative_to_project_root: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(parent, path_to_project_root)
        self._bucket_name = bucket_name
        self._options = self._with(kwargs)
        if json_credentials_path:
            root = self._path_to_project_root if credentials_relative_to_project_root else Path()
            self._options |= self._credentials(root / json_credentials_path)
        self._opened: Any = None

    @abc.abstractmethod
    def _with(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What fsspec is given for the arguments of the storage's own library."""

    @abc.abstractmethod
    def _credentials(self, path: Path) -> dict[str, Any]:
        """What fsspec is given for the file with the credentials."""

    @property
    def _files(self) -> Any:
        if self._opened is None:
            try:
                import fsspec

                self._opened = fsspec.filesystem(self._PROTOCOL, **self._options)
            except ImportError:
                message = f"Copies in this storage need {self._PACKAGE}. Run: pip install fsspec {self._PACKAGE}"
                raise ModuleNotFoundError(message, name=self._PACKAGE) from None
        return self._opened

    def _there(self, remote: str) -> str:
        return f"{self._bucket_name}/{remote}"

    def _put(self, local: Path, remote: str) -> None:
        self._files.put_file(str(local), self._there(remote))

    def _get(self, remote: str, local: Path) -> None:
        self._files.get_file(self._there(remote), str(local))

    def _remove(self, remote: str) -> None:
        if self._files.exists(self._there(remote)):
            self._files.rm(self._there(remote), recursive=True)

    def _is_file(self, remote: str) -> bool:
        return bool(self._files.isfile(self._there(remote)))

    def _below(self, remote: str) -> list[str]:
        there = self._there(remote)
        found = (each.lstrip("/") for each in self._files.find(there))
        return sorted(PurePosixPath(each).relative_to(there).as_posix() for each in found)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._bucket_name!r}, {self._parent!r})"


class S3Client(_Bucket):
    """Keeps copies in a bucket of Amazon S3."""

    _PROTOCOL = "s3"
    _PACKAGE = "s3fs"

    def _with(self, arguments: dict[str, Any]) -> dict[str, Any]:
        names = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "aws_session_token": "token"}
        known = {names.get(name, name): value for name, value in arguments.items()}
        if region := known.pop("region_name", None):
            known["client_kwargs"] = {"region_name": region, **known.get("client_kwargs", {})}
        return known

    def _credentials(self, path: Path) -> dict[str, Any]:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"key": content["aws_access_key_id"], "secret": content["aws_secret_access_key"]}


class GCloudStorageClient(_Bucket):
    """Keeps copies in a bucket of Google Cloud Storage."""

    _PROTOCOL = "gcs"
    _PACKAGE = "gcsfs"

    def _with(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return dict(arguments)

    def _credentials(self, path: Path) -> dict[str, Any]:
        return {"token": str(path)}
