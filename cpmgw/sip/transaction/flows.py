"""Which client transactions a connection carries (RFC 3261 17.1.4)."""

from __future__ import annotations

from cpmgw.sip.transaction.outputs import Flow


class Carried:
    """The keys of the transactions that end when their flow is lost.

    A flow that is not reliable is never lost, and is not kept.
    """

    def __init__(self) -> None:
        self._keys: dict[Flow, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, flow: Flow, key: str) -> None:
        """A transaction was sent over a flow."""
        if flow.reliable:
            self._keys.setdefault(flow, {})[key] = None

    def discard(self, flow: Flow, key: str) -> None:
        """A transaction has ended."""
        keys = self._keys.get(flow) if flow.reliable else None
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self._keys[flow]

    def on(self, flow: Flow) -> list[str]:
        """The transactions of one flow, the oldest first."""
        return list(self._keys.get(flow, ()))

    def clear(self) -> None:
        """Forget all."""
        self._keys.clear()
