"""A folder of own mappings, as the guide to vendors writes one, and the commands that read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.ingress.vendors import VENDORS

GUIDE = (Path(__file__).parents[2] / "docs" / "vendors.md").read_text(encoding="utf-8")
HUNTFLOW = GUIDE.partition("<!-- huntflow -->\n```yaml file=.signpost/vendors/huntflow.yaml\n")[2].partition("```")[0]
"""The guide's mapping."""
SENT = GUIDE.partition("```json file=offer-sent.json\n")[2].partition("```")[0]
"""The guide's sample of it."""
SECRET = "a secret of sixteen bytes or more"


@contextmanager
def own_mappings(folder: Path) -> Iterator[Path]:
    """Make a folder of mappings with the guide's one and its sample; no own mapping is known afterwards."""
    (folder / "samples" / "huntflow").mkdir(parents=True)
    (folder / "huntflow.yaml").write_text(HUNTFLOW)
    (folder / "samples" / "huntflow" / "offer-sent.json").write_text(SENT)
    yield folder
    VENDORS.read_own(None)


def call(folder: Path, *arguments: str) -> Result:
    """Run a command on the data of a folder."""
    return CliRunner(env={"SIGNPOST_DATA_DIR": str(folder)}).invoke(main, arguments)
