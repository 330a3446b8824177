"""What the transaction layer asks its user to do, one value each."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import msgspec

from cpmgw.sip.message import Request, Response


class Flow(Protocol):
    """Where octets go; the layer only asks whether they are sure to arrive."""

    @property
    def reliable(self) -> bool:
        """Whether the transport is TCP, TLS or another reliable one."""


class Send(msgspec.Struct, frozen=True):
    """Octets to put on the wire; `key` is what a transport error is reported with."""

    data: bytes
    flow: Flow
    key: str


class Arrived(msgspec.Struct, frozen=True):
    """A new request; `merged`: it has come before by another way (8.2.2.2)."""

    request: Request
    flow: Flow
    key: str
    merged: bool


class Acknowledged(msgspec.Struct, frozen=True):
    """An ACK for a 2xx, or one that belongs to nothing; it is never answered."""

    request: Request
    flow: Flow


class Refused(msgspec.Struct, frozen=True):
    """A request for which there is no room; it is to be answered without state."""

    request: Request
    flow: Flow


class Answered(msgspec.Struct, frozen=True):
    """A response for the request that was sent under `key`."""

    key: str
    response: Response


class Failed(msgspec.Struct, frozen=True):
    """No answer: Timer B or F (`timed_out`), or the transport refused."""

    key: str
    timed_out: bool


class Stray(msgspec.Struct, frozen=True):
    """A response that matches no transaction; it is dropped."""

    response: Response


Output: TypeAlias = Send | Arrived | Acknowledged | Refused | Answered | Failed | Stray
