"""The catalogue: pages about every rule, generated from the rules and their timelines. Pure.

`python -m signpost.authoring.catalogue` writes them.
"""

from signpost.authoring.catalogue.pages import pages

__all__ = ["pages"]
