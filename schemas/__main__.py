"""`python -m schemas`: regenerate the documents under schemas/generated/."""

from schemas.documents import GENERATED, write

print(f"{len(write())} documents written to {GENERATED}")
