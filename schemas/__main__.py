"""`python -m signpost.schemas`: regenerate the documents under schemas/documents/generated/."""

from signpost.schemas.documents.generate import GENERATED, write

print(f"{len(write())} documents written to {GENERATED}")
