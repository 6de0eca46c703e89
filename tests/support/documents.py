"""Runs the commands of a document and compares what they print with what the document shows.

A reader copies the commands of the ```console fences in order, in one terminal. This runner does the same, with one
shell per document. The convention:

- `$ ` starts a command; `> ` continues it, and so does a line after a backslash. The lines below are its whole output,
  standard error included.
- `...` matches anything within a line; a line of `...` alone matches any number of lines, including none.
- Ids, times and durations (`VOLATILE`) are not compared, so a document can show real ones. The address
  127.0.0.1:8080 is replaced by the one that the test uses.
- Words after `console` on the fence:
  `background`: the command keeps running, as in a terminal of its own; the runner waits for the shown output;
  `eventually`: the command only reads, and is repeated until it prints what is shown;
  `fails`: the exit status is not 0, as it must be everywhere else.
- A fence of any language with `file=PATH` is a file that the reader writes; with `append=PATH`, the end of one.

Commands that no test runs (containers, other systems) are in ```sh fences.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.private_servers import free_port, restore_default_signals, wait_until

ROOT: Final = Path(__file__).parents[2]
MAX_COMMAND_S: Final = 60.0
"""The limit for a command, or for its output to appear."""
ADDRESS: Final = "127.0.0.1:8080"
VOLATILE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:rec|dlv|dem)_[0-9a-f]{12,}",
        r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
        r"\b[0-9a-f]{24,64}\b",
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)?",
        r"\b\d+(?:\.\d+)? ?(?:ms|s|seconds)\b",
        r"(?m)^=+ (?:\d+|\.\.\.) passed.* in .* =+$",
    )
)
_FENCE: Final = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK: Final = "\x1e"


@dataclass(frozen=True, slots=True)
class Step:
    """One command with its shown output, or one file to write (`command` is empty, `shown` its text)."""

    place: str
    command: str
    shown: str
    words: frozenset[str]


def run_document(document: Path, folder: Path, *, installed: bool = False, **environ: str) -> int:
    """Follow a document in a folder. Return the number of commands. Raises AssertionError at the first difference.

    `installed`: `signpost` is on the PATH, as after `. .venv/bin/activate`.
    """
    steps = read_steps(document)
    assert any(step.command for step in steps), f"{document} has no command in a console fence"
    with _shell(folder, installed, environ) as shell:
        for step in steps:
            shell.follow(step)
    return sum(1 for step in steps if step.command)


def checkout(folder: Path) -> Path:
    """Create a checkout to follow a document in: links to this one, a copy of `rules/`, and what make needs.

    Its `signpost` is the code of this checkout; rules that a reader changes need `SIGNPOST_RULES=rules` to be used.
    """
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name != "rules":
            (folder / path.name).symlink_to(path)
    subprocess.run(["cp", "-r", str(ROOT / "rules"), str(folder / "rules")], check=True)
    environment = folder / ".venv"
    environment.mkdir()
    (environment / ".installed").touch()
    for path in Path(sys.prefix).iterdir():
        if path.name != ".installed":
            (environment / path.name).symlink_to(path)
    return folder


def read_steps(document: Path) -> list[Step]:
    """Return the commands and files of a document, in order."""
    text = document.read_text(encoding="utf-8")
    steps: list[Step] = []
    for fence in _FENCE.finditer(text):
        language, words, body = fence[1], frozenset(fence[2].split()), fence[3]
        first = text.count("\n", 0, fence.start()) + 2
        if language == "console":
            steps += _commands(document.name, first, words, body)
        elif any(word.startswith(("file=", "append=")) for word in words):
            steps.append(Step(f"{document.name}:{first}", "", body, words))
    return steps


def _commands(name: str, first: int, words: frozenset[str], body: str) -> Iterator[Step]:
    unknown = words - {"background", "eventually", "fails"}
    assert not unknown, f"{name}:{first}: unknown words on the fence: {', '.join(sorted(unknown))}"
    command, shown, at = "", "", first
    for number, line in enumerate(body.splitlines(), first):
        if line.startswith("$ "):
            if command:
                yield Step(f"{name}:{at}", command, shown, words)
            command, shown, at = line[2:], "", number
        elif not shown and (line.startswith("> ") or command.endswith("\\")):
            command += "\n" + line.removeprefix("> ")
        else:
            assert command, f"{name}:{number}: output before any command"
            shown += line + "\n"
    yield Step(f"{name}:{at}", command, shown, words)


def matches(shown: str, printed: str) -> bool:
    """Return whether the output matches, by the convention of this module."""
    pattern = ""
    for line in _normalize(shown).splitlines():
        pattern += "(?:[^\n]*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", "[^\n]*") + "\n"
    return re.fullmatch(pattern, _normalize(printed)) is not None


def _normalize(text: str) -> str:
    """Replace what changes between runs; drop trailing blanks and blank lines at either end."""
    for volatile in VOLATILE:
        text = volatile.sub("<volatile>", text)
    lines = [line.rstrip() for line in text.splitlines()]
    return "".join(f"{line}\n" for line in "\n".join(lines).strip("\n").split("\n") if lines)


class _Shell:
    """One bash process; commands share its folder and variables."""

    def __init__(self, bash: "subprocess.Popen[str]", folder: Path, address: str) -> None:
        self._bash, self._folder, self._address = bash, folder, address
        self.background: list[int] = []
        """The process groups of background commands."""

    def follow(self, step: Step) -> None:
        """Execute one step. Raises AssertionError if its output differs."""
        if not step.command:
            self._write(step)
        elif "background" in step.words:
            self._leave_running(step)
        else:
            self._compare(step)

    def _write(self, step: Step) -> None:
        [target] = [word for word in step.words if word.startswith(("file=", "append="))]
        how, _, name = target.partition("=")
        where = Path(self._run("pwd")[1].strip()) / name
        where.parent.mkdir(parents=True, exist_ok=True)
        with where.open("a" if how == "append" else "w", encoding="utf-8") as file:
            file.write(step.shown)

    def _compare(self, step: Step) -> None:
        deadline = time.monotonic() + (MAX_COMMAND_S if "eventually" in step.words else 0)
        status, printed = self._run(step.command)
        while not matches(step.shown, printed) and time.monotonic() < deadline:
            time.sleep(0.3)  # a command takes as long
            status, printed = self._run(step.command)
        _expect(step, printed, matches(step.shown, printed))
        assert (status != 0) == ("fails" in step.words), (
            f"{step.place}: `{step.command}` ended with {status}:\n{printed}"
        )

    def _leave_running(self, step: Step) -> None:
        log = self._folder / f".{len(self.background)}.log"
        log.touch()
        job = f"set -m\n{{ {self._here(step.command)}\n}} >{shlex.quote(str(log))} 2>&1 </dev/null &\nset +m\necho $!"
        pid = int(self._run(job)[1])
        self.background.append(pid)
        self._wait(lambda: matches(step.shown + "...\n", self._there(log.read_text("utf-8"))), step, log)

    def _wait(self, done: Callable[[], bool], step: Step, log: Path) -> None:
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: done() or not _runs(self.background[-1]), step.command, MAX_COMMAND_S)
        _expect(step, self._there(log.read_text("utf-8")), done())

    def _run(self, command: str) -> tuple[int, str]:
        """Run a command. Return its exit status and output."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{{ {self._here(command)}\n}} </dev/null\nprintf '\\n{_MARK}%d\\n' $?\n")
        self._bash.stdin.flush()
        late = threading.Timer(MAX_COMMAND_S, os.killpg, (self._bash.pid, signal.SIGKILL))
        late.start()
        lines: list[str] = []
        for line in self._bash.stdout:
            if line.startswith(_MARK):
                late.cancel()
                return int(line[1:]), self._there("".join(lines)[:-1])
            lines.append(line)
        raise AssertionError(f"`{command}` did not end within {MAX_COMMAND_S:.0f} s; it printed:\n{''.join(lines)}")

    def _here(self, text: str) -> str:
        return text.replace(ADDRESS, self._address)

    def _there(self, text: str) -> str:
        return text.replace(self._address, ADDRESS)


def _expect(step: Step, printed: str, matched: bool) -> None:
    assert matched, (
        f"{step.place}: `{step.command}` does not print what is shown.\n--- shown\n{step.shown}--- printed\n{printed}"
    )


@contextlib.contextmanager
def _shell(folder: Path, installed: bool, environ: dict[str, str]) -> Iterator[_Shell]:
    """Open a shell like a new terminal; afterwards end everything that it started."""
    address = f"127.0.0.1:{free_port()}"
    bash = subprocess.Popen(
        ["bash", "--noprofile", "--norc"],
        cwd=folder,
        env={**_environment(installed), "SIGNPOST_HTTP_BIND": address, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=restore_default_signals,
    )
    shell = _Shell(bash, folder, address)
    try:
        yield shell
    finally:
        for group in reversed(shell.background):
            _end(group)
        bash.kill()
        bash.communicate()


def _environment(installed: bool) -> dict[str, str]:
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith(("SIGNPOST_", "MAKE", "PYTEST_"))
    }
    scripts = str(Path(sys.executable).parent)
    path = [folder for folder in inherited.get("PATH", os.defpath).split(os.pathsep) if folder != scripts]
    inherited.pop("VIRTUAL_ENV", None)
    return {**inherited, "PATH": os.pathsep.join([*([scripts] if installed else []), *path]), "NO_COLOR": "1"}


def _end(group: int) -> None:
    """Send Ctrl-C, then SIGKILL to what still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGINT)
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not _runs(group), "the command ends after Ctrl-C", 45)
        os.killpg(group, signal.SIGKILL)


def _runs(group: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False
