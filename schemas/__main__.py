"""`python -m signpost.schemas` regenerates the documents in schemas/documents/generated/."""

from signpost.schemas.documents.generate import GENERATED, write

print(f"{len(write())} documents written to {GENERATED}")
