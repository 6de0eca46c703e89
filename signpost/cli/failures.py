"""The one place where commands turn failures into words: no operator's mistake shows a traceback. A process edge."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from signpost.errors import CallerError, MisconfiguredError, SignpostError
from signpost.settings import Settings, SettingsError, read_settings

FAILED, MISUSED = 1, 2
"""Exit codes: something is refused, failed or away; an operator has to correct something first."""
_TO_CORRECT: Final = frozenset(
    (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EBUSY)
)


@contextmanager
def in_words(program: str = "signpost") -> Iterator[None]:
    """Ends the process with one message on standard error for an error of ours or of the operating system.

    Everything else is a bug and keeps its traceback; a closed pipe is left to click.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (SignpostError, OSError) as error:
        click.echo(f"{program}: {to_words(error, os.environ)}", err=True)
        raise SystemExit(exit_code(error)) from None


def exit_code(error: SignpostError | OSError) -> int:
    """The exit code for an error."""
    if isinstance(error, OSError):
        return MISUSED if error.errno in _TO_CORRECT else FAILED
    return MISUSED if isinstance(error, CallerError | MisconfiguredError) else FAILED


def to_words(error: SignpostError | OSError, environ: Mapping[str, str]) -> str:
    """What happened, with which file, and which setting names it."""
    if not isinstance(error, OSError) or error.filename is None:
        return str(error)
    setting = _setting_of(Path(os.fsdecode(error.filename)), environ)
    advice = f"{setting} names another place" if setting else "check the path and its permissions"
    return f"cannot use {os.fsdecode(error.filename)}: {error.strerror}; {advice}"


def _setting_of(file: Path, environ: Mapping[str, str]) -> str:
    """The setting that a file or folder comes from; "" for others."""
    try:
        settings: Settings = read_settings(environ)
    except SettingsError:
        return ""
    if file in (settings.tenants, settings.tenants.parent) and "SIGNPOST_TENANTS" in environ:
        return "SIGNPOST_TENANTS"
    if settings.data_dir in (file, *file.parents) or file in settings.data_dir.parents:
        return "SIGNPOST_DATA_DIR"
    if not {file, *file.parents}.isdisjoint(settings.rules):
        return "SIGNPOST_RULES"
    return ""
