"""Alembic's entry point: runs the revisions on the connection from `signpost.storage.schema`. Reads no setting."""

from alembic import context

from signpost.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
