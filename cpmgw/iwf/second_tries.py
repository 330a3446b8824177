"""Which refusals of the CPM side another try may get round (RFC 3261 21)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import response_class

# Not now, or not along this way (RFC 3261 21.4.9, 21.4.18 to 21.4.21, 21.6.1), or with
# credentials that an operator may have put right by then.
_OTHERWISE: Final = frozenset(
    (401, 407, 408, 423, 480, 482, 483, 486, 487, 491, 600),
)
# Servers that will not do it later either.
_NEVER: Final = frozenset((501, 505, 513))
_FAILURES: Final = frozenset((2, 3, 4, 6))


def may_pass_later(status: int) -> bool:
    """Whether a request that was answered so may succeed another time."""
    if status in _OTHERWISE:
        return True
    return response_class(status) not in _FAILURES and status not in _NEVER
