"""What of a room's settings determines a result, so that stored results survive settings that are added or renamed.

The key of a result is a hash of its ingredients. Settings of the first version always count. One that was added later
counts only where it differs from its default, which does what was done before it was there: so neither a stored result
nor a training in flight begins anew because the program has learned a new setting. A setting that was renamed counts
under the name that it had, its `serialization_alias`.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from pydantic import BaseModel

from pipeline.store.store import Json


def settings_ingredients(settings: BaseModel, first_version: AbstractSet[str]) -> dict[str, Json]:
    """Give the settings that determine a result, by the names under which they are stored.

    Parameters
    ----------
    settings
        Of one room, such as a section's training; every field added since has a default.
    first_version
        The stored names of the settings that the first version had.
    """
    values: dict[str, Json] = settings.model_dump(mode="json", by_alias=True)
    set_otherwise = settings.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {name: value for name, value in values.items() if name in first_version or name in set_otherwise}
