"""Dependencies point inwards: what is pure imports no transport, no database and no framework."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import signpost

FORBIDDEN = {"flask", "pika", "sqlalchemy", "psycopg", "gunicorn", "click", "rich", "httpx"}
INWARD = {
    "signpost.case": FORBIDDEN | {"durable"},
    "signpost.rulebook": FORBIDDEN | {"durable"},
    "signpost.engine": FORBIDDEN,
    "signpost.advice": FORBIDDEN,
    "signpost.timelines": FORBIDDEN,
    "signpost.mutation": FORBIDDEN,
    "schemas": FORBIDDEN,
    "signpost.storage": {"flask", "pika", "gunicorn", "click", "rich", "httpx"},
    "signpost.messaging": {"flask", "gunicorn", "click", "rich", "httpx"},
}
"""Package -> the libraries that nothing in it may import."""
OUTWARD = {"services", "workers", "signpost.cli", "signpost.settings", "signpost.logs"}
"""Process edges: nothing inside may import them."""
ROOT = Path(signpost.__file__).parents[1]


def modules_of(package: str) -> list[tuple[str, Path]]:
    folder = ROOT.joinpath(*package.split("."))
    return [
        (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path)
        for path in sorted(folder.rglob("*.py"))
    ]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def names(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


@pytest.mark.parametrize("package", INWARD)
def test_no_module_names_what_its_package_may_not_use(package: str) -> None:
    modules = modules_of(package)
    assert modules
    bad = {
        f"{path.relative_to(ROOT)} imports {name}"
        for _, path in modules
        for name in imported(path)
        if name.partition(".")[0] in INWARD[package] or any(names(name, edge) for edge in OUTWARD)
    }
    assert not bad


@pytest.mark.parametrize("package", ["signpost.case", "signpost.rulebook", "signpost.advice", "schemas"])
def test_importing_the_pure_core_loads_no_framework(package: str) -> None:
    modules = [name for name, _ in modules_of(package) if not name.endswith("__main__")]
    load = f"for module in {modules!r}: importlib.import_module(module)"
    code = f"import importlib, json, sys\n{load}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & INWARD[package]
