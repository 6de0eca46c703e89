"""The schema's history. Run by `signpost.storage.upgrade`, never by hand."""
