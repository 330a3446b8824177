"""What a service provider may choose of OMA SIMPLE IM (TS 6.5)."""

from __future__ import annotations

from typing import Literal

import msgspec


class SimpleImPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[policy.simple_im].

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    interwork: bool = False
    first_message: Literal["pager", "discard"] = "pager"
