"""The layer contract (pyproject.toml, import-linter): dependencies point inwards and never in a circle."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
PURE = ["case", "facts", "rulebook", "advice", "schemas"]
RULES = ("signpost.rulebook", "signpost.engine", "signpost.advice", "signpost.tenants")
FRAMEWORKS = {"flask", "pika", "sqlalchemy", "psycopg", "gunicorn", "click", "rich", "httpx"}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(LINT, cwd=root, env=environ, capture_output=True, text=True, check=False)


def test_every_layer_imports_only_layers_below_it() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "problem"),
    [
        ("signpost/case/case.py", "from signpost.advice import Engine", "signpost.case is not allowed to import"),
        ("schemas/events.py", "from signpost.workers import batch", "signpost.schemas is not allowed to import"),
        ("signpost/engine/compiled.py", "import sqlalchemy", "signpost.engine is not allowed to import sqlalchemy"),
        ("signpost/rulebook/terms.py", "from signpost.rulebook import loader", "No cycles are allowed"),
        ("signpost/stranger.py", "", "signpost.stranger"),
    ],
)
def test_a_back_arrow_fails_the_contract(tmp_path: Path, file: str, line: str, problem: str) -> None:
    for name in ("signpost", "services", "workers", "schemas", "rules"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert problem in done.stdout


@pytest.mark.parametrize("package", PURE)
def test_importing_the_pure_core_loads_no_framework(package: str) -> None:
    files = sorted((ROOT / "signpost" / package).glob("**/*.py"))
    modules = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    load = [name for name in modules if not name.endswith("__main__")]
    assert load
    assert not {name.partition(".")[0] for name in loaded_by(*load)} & FRAMEWORKS


def loaded_by(*modules: str) -> list[str]:
    """The modules that a new process has once it has imported these."""
    code = (
        f"import importlib, json, sys\nfor module in {modules!r}: importlib.import_module(module)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return [str(name) for name in json.loads(done.stdout)]


def test_a_relay_loads_no_rules() -> None:
    assert [name for name in loaded_by("signpost.workers.relay") if name.startswith(RULES)] == []


def test_the_wheel_installs_one_package_and_no_generic_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    site = tmp_path / "site"
    subprocess.run([*command, str(site), "--disable-pip-version-check", str(ROOT)], check=True)
    tops = {path.name for path in site.iterdir() if path.suffix != ".dist-info"}
    assert tops - {"bin"} == {"signpost"}
    for file in ("rules/sources.yaml", "schemas/events.py", "services/intake/pages/docs.html", "workers/advisor.py"):
        assert (site / "signpost" / file).is_file()
    page = Path("services/intake/page")
    parts = [file for folder in ("templates", "static") for file in (ROOT / page / folder).rglob("*.*")]
    assert len(parts) > 15
    assert all((site / "signpost" / file.relative_to(ROOT)).is_file() for file in parts)
