"""The page: what Signpost knows, advises and does, for people in a browser. Server-rendered; see docs/page.md."""

from signpost.services.intake.page.blueprint import blueprint
from signpost.services.intake.page.parts import Letters, OperatorView, PageFiles, PageParts
from signpost.services.intake.page.signing_in import go
from signpost.services.intake.page.viewers import has_session_cookie

__all__ = ["Letters", "OperatorView", "PageFiles", "PageParts", "blueprint", "go", "has_session_cookie"]
