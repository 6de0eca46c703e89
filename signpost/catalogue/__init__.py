"""The catalogue: pages about every rule, made from the rules and their timelines. Pure; `python -m signpost.catalogue`
writes them."""

from signpost.catalogue.pages import pages

__all__ = ["pages"]
