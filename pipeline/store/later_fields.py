"""Fields that records and settings have gained since, written only where they hold something.

So a record whose new fields hold nothing is written byte for byte as before, and its key and hash stay.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, SerializerFunctionWrapHandler, model_serializer


class WithLaterFields(BaseModel):
    """A model that leaves out the fields named in `later` where they are None or empty."""

    later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return {name: value for name, value in values.items() if name not in self.later or value not in (None, (), [])}
