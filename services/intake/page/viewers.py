"""Who looks at the page: sessions behind a cookie, and the token that every form sends back. Stores digests only."""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from flask import Response, g, request

from signpost.case.instant import HOUR
from signpost.errors import CallerError
from signpost.services.intake.context import IntakeContext
from signpost.services.intake.problems import NotFound
from signpost.storage.page_sessions import EMPLOYER, LINK, OPERATOR, SESSION, TENANT, PageSession, digest_of
from signpost.tenants.model import hash_key

SESSION_US: Final = 12 * HOUR
"""How long a session lasts, whatever it does."""
TOKEN_BYTES: Final = 32
_FOR_ALL: Final = ("/page/", "/page/login", "/page/logout")
_COOKIE, _FORM_COOKIE = "signpost-session", "signpost-form"


class Forged(CallerError):
    """A form that this page did not make for this browser."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """`employer`: whose view it is; "" for all other roles. `secret`: what the cookie holds."""

    tenant: str
    role: str
    employer: str
    secret: str

    @property
    def is_operator(self) -> bool:
        """Whether the viewer may see the whole installation."""
        return self.role == OPERATOR


def load_viewer(context: IntakeContext) -> None:
    """Set the viewer of this request, if its cookie belongs to a session whose tenant and API key still exist."""
    secret = request.cookies.get(_name(_COOKIE), "")
    session = context.store.page_sessions.find(SESSION, digest_of(secret), context.clock()) if secret else None
    is_valid = session is not None and context.tenants.admits(session.tenant, session.api_key)
    g.viewer = Viewer(session.tenant, session.role, session.employer, secret) if session and is_valid else None


def viewer(*roles: str) -> Viewer:
    """The viewer, if it has one of these roles; by default all but an employer. Raises NotFound."""
    found: Viewer = g.viewer
    if found.role not in (roles or (TENANT, OPERATOR)):
        raise NotFound("there is no such page for you")
    return found


def may_see(who: Viewer, path: str) -> bool:
    """Whether a viewer may ask for an address at all: an employer only for its own screens, others for all but those.
    What each screen shows is up to the screen."""
    if path in _FOR_ALL or path.startswith(("/page/link/", "/page/static/")):
        return True
    is_employers = f"{path}/".startswith("/page/employer/")
    return is_employers is (who.role == EMPLOYER)


def begin_with_key(context: IntakeContext, key: str) -> str | None:
    """The secret of a new session of the tenant of an API key; None if there is no such key."""
    tenant = context.tenants.tenant_of_key(key.strip()) if key.isascii() else None
    if tenant is None:
        return None
    now, secret = context.clock(), secrets.token_urlsafe(TOKEN_BYTES)
    row = PageSession(digest_of(secret), SESSION, tenant, TENANT, "", hash_key(key.strip()), now, now + SESSION_US)
    context.store.page_sessions.add(row, now)
    return secret


def is_link(context: IntakeContext, token: str) -> bool:
    """Whether a one-time link would begin a session now; it does not use it up."""
    return context.store.page_sessions.find(LINK, digest_of(token), context.clock()) is not None


def begin_with_link(context: IntakeContext, token: str) -> str | None:
    """The secret of a new session that a one-time link begins; None if the link is not valid any more."""
    now, secret = context.clock(), secrets.token_urlsafe(TOKEN_BYTES)
    begun = context.store.page_sessions.begin(digest_of(token), digest_of(secret), now, now + SESSION_US)
    return None if begun is None else secret


def end(context: IntakeContext, response: Response) -> Response:
    """End the session of this browser, also for those who have copied its cookie."""
    context.store.page_sessions.remove(digest_of(g.viewer.secret))
    response.delete_cookie(_name(_COOKIE), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def set_session(response: Response, secret: str) -> Response:
    """Give the browser its session."""
    _set_cookie(response, _COOKIE, secret, "Lax")
    return response


def form_token() -> str:
    """What a form sends back: only this page, in this browser, knows it."""
    return _token(_own_secret())


def check_form() -> None:
    """Raises Forged for a POST whose form this page did not make for this browser."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forged("this form was sent by another site")
    sent = request.form.get("form", "")
    if not hmac.compare_digest(sent.encode(errors="replace"), _token(_own_secret()).encode()):
        raise Forged("this form is too old; load its page again and send it again")


def keep_form_cookie(response: Response) -> Response:
    """Give a browser without a session a secret of its own for the forms by which it signs in."""
    if "form_secret" in g:
        _set_cookie(response, _FORM_COOKIE, g.form_secret, "Strict")
    return response


def _own_secret() -> str:
    if g.viewer is not None:
        return str(g.viewer.secret)
    known = request.cookies.get(_name(_FORM_COOKIE))
    if not known:
        known = g.form_secret = g.get("form_secret") or secrets.token_urlsafe(TOKEN_BYTES)
    return str(known)


def _token(secret: str) -> str:
    return hmac.digest(secret.encode(errors="replace"), b"form of the page", sha256).hex()


def _set_cookie(response: Response, name: str, value: str, same_site: str) -> None:
    # No lifetime: the browser forgets it when it closes, the server after SESSION_US
    response.set_cookie(_name(name), value, path="/", secure=request.is_secure, httponly=True, samesite=same_site)


def has_session_cookie() -> bool:
    """Whether this browser has signed in before; its session may have ended."""
    return bool(request.cookies.get(_name(_COOKIE)))


def _name(cookie: str) -> str:
    """Over HTTPS with the prefix that keeps other hosts of the domain from setting it."""
    return f"__Host-{cookie}" if request.is_secure else cookie
