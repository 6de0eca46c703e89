"""Keeps copies of the files of the last valid content, for a start at which the files themselves are faulty."""

import io
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path


def copy_of(path: Path, copies: Path | None) -> Path:
    """Where `copies`, a folder with copies, has the copy of a file or folder; the path itself without `copies`."""
    return path if copies is None else copies / os.path.abspath(path).lstrip("/")


class KeptFiles:
    """One archive in `folder`, replaced atomically and readable only by its owner: the files may contain secrets."""

    def __init__(self, folder: Path, name: str, places: Iterable[Path]) -> None:
        """`name` and `places`, the configured files and folders: whose copies they are. Others find none."""
        key = "\0".join(os.path.abspath(place) for place in places)
        stem = f"{name}-{blake2b(key.encode(errors='surrogateescape'), digest_size=8).hexdigest()}"
        self.path, self._mark = folder / f"{stem}.zip", folder / f"{stem}.refused"

    @property
    def exists(self) -> bool:
        """Whether there are copies."""
        return self.path.exists()

    @property
    def is_refused(self) -> bool:
        """Whether a process refuses the files as they are now."""
        return self._mark.exists()

    def refusals(self) -> list[str]:
        """Why a process refuses the files, as it recorded; empty if none does."""
        try:
            return self._mark.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []

    def is_same(self, files: Mapping[Path, bytes]) -> bool:
        """Whether the copies are of this content."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.comment == _digest(files)
        except (OSError, zipfile.BadZipFile):
            return False

    def keep(self, files: Mapping[Path, bytes], folders: Iterable[Path]) -> None:
        """Replace the copies by copies of these files, and of folders even if they are empty. Raises OSError."""
        if self.is_same(files):
            return
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in folders:
                archive.writestr(f"{_name(path)}/", b"")
            for path, data in files.items():
                archive.writestr(_name(path), data)
            archive.comment = _digest(files)
        self._replace(self.path, content.getvalue())

    def mark_refused(self, problems: Iterable[str]) -> None:
        """Record for other processes why the files are refused, or with no problem that they are in force."""
        with suppress(OSError):
            text = "\n".join(problems)
            if text:
                self._replace(self._mark, text.encode(errors="replace"))
            elif self.is_refused:
                self._mark.unlink(missing_ok=True)

    @contextmanager
    def unpack(self) -> Iterator[Path]:
        """A folder for `copy_of`, removed afterwards. Raises OSError."""
        with tempfile.TemporaryDirectory(prefix="signpost-") as folder:
            try:
                with zipfile.ZipFile(self.path) as archive:
                    archive.extractall(folder)
            except zipfile.BadZipFile as error:
                raise OSError(f"{self.path}: {error}") from None
            yield Path(folder)

    def _replace(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except OSError:
            with suppress(OSError):
                os.unlink(draft)
            raise


def _name(path: Path) -> str:
    """The name in the archive. Raises OSError for a path that no archive can name."""
    name = os.path.abspath(path).lstrip("/")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise OSError(f"the name of {name!r} is not UTF-8") from None
    return name


def _digest(files: Mapping[Path, bytes]) -> bytes:
    digest = blake2b(digest_size=16)
    for path in sorted(files):
        name = str(path).encode(errors="surrogateescape")
        digest.update(b"%b\0%d\0%b" % (name, len(files[path]), files[path]))
    return digest.hexdigest().encode()
