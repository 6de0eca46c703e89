"""What a database refuses until an operator acts, in words that name the setting; nothing else is known here."""

import re
import sqlite3
from pathlib import Path
from typing import Final

SETTING: Final = "SIGNPOST_DATABASE_URL"

_TLS: Final = f"check host, sslmode, sslrootcert, sslcert and sslkey in {SETTING}"
_ACTIONS: Final = (
    (re.compile(r'database "[^"]*" does not exist'), f"create it, or correct the name in {SETTING}"),
    (re.compile(r'(\S+ )?authentication failed for user "[^"]*"'), f"correct user and password in {SETTING}"),
    (re.compile(r"no password supplied"), f"add the password to {SETTING}"),
    (re.compile(r'role "[^"]*" does not exist'), f"create this user, or correct it in {SETTING}"),
    (re.compile(r'role "[^"]*" is not permitted to log in'), f"let it log in, or name another user in {SETTING}"),
    (re.compile(r"(no pg_hba\.conf entry|pg_hba\.conf rejects connection) for [^\n]*"), "allow it in pg_hba.conf"),
    (re.compile(r"certificate verify failed|server certificate for [^\n]* does not match host name [^\n]*"), _TLS),
    (re.compile(r'root certificate file "[^"]*" does not exist'), _TLS),
    (re.compile(r'(certificate|private key) file "[^"]*"[^\n]*'), _TLS),
    (re.compile(r"server does not support SSL, but SSL was required"), _TLS),
    (re.compile(r"connection requires a valid client certificate|(tlsv1|sslv3) alert [^\n]*"), _TLS),
    (re.compile(r"permission denied for [^\n]*"), f"grant it to the user in {SETTING}, or name another"),
)
"""What PostgreSQL's message says -> what to do. Failed connections carry no SQLSTATE, so the text must tell; a server
that speaks another language is waited for instead."""
_STATES: Final = ("28", "3D000", "42501")
"""SQLSTATEs (classes where of two letters) of the same refusals."""
_FILE_ERRORS: Final = {
    "SQLITE_CANTOPEN": "cannot be opened",
    "SQLITE_CANTOPEN_ISDIR": "is a folder",
    "SQLITE_READONLY": "cannot be written",
    "SQLITE_READONLY_DIRECTORY": "lies in a folder that cannot be written",
    "SQLITE_NOTADB": "is not an SQLite database",
}


def postgresql_refusal(state: str, text: str) -> str:
    """What PostgreSQL refuses and what to do; "" where the error is of another kind. `text`: its whole message."""
    for pattern, action in _ACTIONS:
        if found := pattern.search(text):
            return f"PostgreSQL refuses the connection: {found[0]}; {action}"
    first_line = text.partition("\n")[0]
    return f"PostgreSQL refuses: {first_line}; check {SETTING}" if state.startswith(_STATES) else ""


def sqlite_refusal(error: sqlite3.Error) -> str:
    """What is the matter with a database file and what to do; "" where the error is of another kind."""
    fault = _FILE_ERRORS.get(getattr(error, "sqlite_errorname", ""))
    if not fault:
        return ""
    file = next(iter(getattr(error, "__notes__", ())), "")
    if file and not Path(file).parent.is_dir():
        return (
            f"there is no folder {Path(file).parent.absolute()} with a database; run this command in the folder where"
            f" `signpost up` runs, or correct SIGNPOST_DATA_DIR or {SETTING}"
        )
    return (
        f"the database file{file and f' {file}'} {fault}; check its path and permissions ({SETTING}, SIGNPOST_DATA_DIR)"
    )
