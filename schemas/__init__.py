"""The contracts: events and recommendations as marshmallow classes; documents are generated from them."""

from schemas.events import EVENT_SCHEMAS

__all__ = ["EVENT_SCHEMAS"]
