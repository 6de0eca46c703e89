"""`python -m signpost.rulebook FOLDER`: write the editors' JSON Schema beside the rules."""

import sys
from pathlib import Path

from signpost.rulebook.schema import write

print(f"{write(Path(sys.argv[1] if len(sys.argv) > 1 else 'rules'))} written")
