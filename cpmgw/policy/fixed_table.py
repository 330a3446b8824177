"""Tables within a policy, which stay as they were built: a policy is a value."""

from __future__ import annotations

from typing import NoReturn, TypeVar

import msgspec

K = TypeVar("K")
V = TypeVar("V")


class FixedTable(dict[K, V]):
    """A dict that nobody changes; TypeError for who tries. Its values are hashable.

    It is a dict because JSON is written of it as of any other.
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a policy does not change")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def fix_tables(policy: msgspec.Struct) -> None:
    """Put a FixedTable in the place of each dict of a struct that was just built."""
    for name in policy.__struct_fields__:
        value = getattr(policy, name)
        if isinstance(value, dict):
            msgspec.structs.force_setattr(policy, name, FixedTable(value))
