"""What a service provider may choose of e-mail (TS 6.4)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cpmgw.policy.kinds import MOST_SECONDS, OptionalSeconds


class EmailPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[policy.email]: times in seconds.

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    address_form: Literal["user", "number"] = "user"
    address_domain: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?\Z",
            max_length=253,
            description="a domain name or empty",
        ),
    ] = ""
    deliver_by: OptionalSeconds = 0
    deliver_by_mode: Literal["notify", "return"] = "notify"
    session_priority: Literal[0, 1, 2, 3, 4, 5] = 0
    longest_expiry: Annotated[int, msgspec.Meta(ge=60, le=MOST_SECONDS)] = 604_800
