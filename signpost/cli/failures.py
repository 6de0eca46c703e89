"""Reports errors of commands as messages with exit codes, without a traceback. A process edge."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from signpost.cli.edge import echo
from signpost.errors import CallerError, MisconfiguredError, SignpostError
from signpost.settings import Settings, read_settings
from signpost.settings_reader import SettingsError

FAILED, MISUSED = 1, 2
"""Exit codes: rejected, failed or unavailable; an operator has to correct something first."""
_CORRECTABLE: Final = frozenset(
    (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EBUSY)
)


@contextmanager
def report_errors(program: str = "signpost") -> Iterator[None]:
    """Exit with a message on standard error after an error of Signpost or of the operating system.

    Any other exception is a bug and keeps its traceback; click handles a closed pipe.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (SignpostError, OSError) as error:
        echo(f"{program}: {describe_error(error, os.environ)}", err=True)
        raise SystemExit(exit_code(error)) from None


def exit_code(error: SignpostError | OSError) -> int:
    """The exit code for an error."""
    if isinstance(error, OSError):
        return MISUSED if error.errno in _CORRECTABLE else FAILED
    return MISUSED if isinstance(error, CallerError | MisconfiguredError) else FAILED


def describe_error(error: SignpostError | OSError, environ: Mapping[str, str]) -> str:
    """A message: what happened, to which file, and which setting names that file."""
    if not isinstance(error, OSError) or error.filename is None:
        return str(error)
    setting = _setting_of(Path(os.fsdecode(error.filename)), environ)
    advice = f"set {setting} to another path" if setting else "check the path and its permissions"
    return f"cannot use {os.fsdecode(error.filename)}: {error.strerror}; {advice}"


def _setting_of(file: Path, environ: Mapping[str, str]) -> str:
    """The setting that a file or folder comes from; "" if there is none."""
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
