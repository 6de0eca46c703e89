"""The schema history. `signpost.storage.upgrade` runs it; never run it by hand."""
