"""Prints the software bill of materials of the image (CycloneDX 1.6, JSON). Runs in a stage of the Dockerfile.

    python sbom.py FOLDER

It lists Python, the packages in FOLDER (site-packages) with what they depend on, and the Debian packages.
"""

import json
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DPKG = Path("/var/lib/dpkg/status")


def component(kind: str, name: str, version: str, purl: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl, **more}


def python_package(distribution: Distribution) -> dict[str, Any]:
    name, version = canonicalize_name(distribution.name), distribution.version
    return component("library", name, version, f"pkg:pypi/{name}@{version}", **licenses(distribution))


def licenses(distribution: Distribution) -> dict[str, Any]:
    """The expression of the metadata, else the names of the classifiers, else nothing."""
    if expression := distribution.metadata.get("License-Expression"):
        return {"licenses": [{"expression": expression}]}
    classifiers = [one for one in distribution.metadata.get_all("Classifier") or () if one.startswith("License ::")]
    names = [one.rpartition(" :: ")[2] for one in classifiers]
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}


def debian_packages(status: str) -> Iterator[dict[str, Any]]:
    """The installed packages of a file like /var/lib/dpkg/status."""
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={architecture}"
            yield component("library", name, version, purl)


def dependencies(installed: dict[str, Distribution], refs: dict[str, str]) -> list[dict[str, Any]]:
    """What each Python package needs here, without extras."""
    found = []
    for name, distribution in installed.items():
        needed = map(Requirement, distribution.requires or ())
        here = {canonicalize_name(one.name) for one in needed if not one.marker or one.marker.evaluate({"extra": ""})}
        found.append({"ref": refs[name], "dependsOn": sorted(refs[one] for one in here if one in refs)})
    return found


def bill_of_materials(folders: list[str], status: str) -> dict[str, Any]:
    """The document for the Python packages in `folders` and the Debian packages in `status`."""
    installed = {canonicalize_name(one.name): one for one in distributions(path=folders)}
    packages = {name: python_package(one) for name, one in sorted(installed.items())}
    product = packages.pop("signpost") | {"type": "application"}
    version = platform.python_version()
    python = component("platform", "python", version, f"pkg:generic/python@{version}")
    refs = {name: one["bom-ref"] for name, one in packages.items()} | {"signpost": product["bom-ref"]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": product},
        "components": [python, *packages.values(), *debian_packages(status)],
        "dependencies": dependencies(installed, refs),
    }


if __name__ == "__main__":
    print(json.dumps(bill_of_materials(sys.argv[1:], DPKG.read_text(encoding="utf-8")), indent=1))
