"""Which of a package's settings determine a result, so that stored results survive settings that are added or renamed.

The key of a result is a hash of its ingredients. Settings of the first version always count. One that was added later
counts only where it differs from its default, which does what was done before it was there: so neither a stored result
nor a training in flight begins anew because the program has learned a new setting. A setting that was renamed counts
under the name that it had, its `serialization_alias`.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from pipeline.store.store import Json

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def settings_ingredients(
    settings: BaseModel, first_version: AbstractSet[str], stored_names: Mapping[str, str] = _NONE
) -> dict[str, Json]:
    """Give the settings that determine a result, by the names under which they are stored.

    Parameters
    ----------
    settings
        Of one room, such as a section's training; every field added since has a default.
    first_version
        The stored names of the settings that the first version had.
    stored_names
        Of settings that were renamed: the name today, and the one that they had.
    """
    values: dict[str, Json] = settings.model_dump(mode="json")
    set_otherwise = settings.model_dump(mode="json", exclude_defaults=True)
    stored = {stored_names.get(name, name): (name, value) for name, value in values.items()}
    return {old: value for old, (name, value) in stored.items() if old in first_version or name in set_otherwise}
