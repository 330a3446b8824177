"""What a service provider may choose of MMS (TS 6.3)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cpmgw.policy.kinds import MOST_SECONDS

Expiry = Annotated[int, msgspec.Meta(ge=60, le=MOST_SECONDS)]


class MmsPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[policy.mms]: times in seconds, sizes in octets.

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    # Towards MMS.
    relay: Literal["own", "recipient"] = "own"
    max_size: Annotated[int, msgspec.Meta(ge=1_300, le=104_857_600)] = 307_200
    unsupported_types: Literal["leave_out", "keep"] = "leave_out"
    time_of_expiry: Expiry = 172_800
    acknowledgement_request: bool = True
    report_acknowledgement: bool = True
    forward_counter: Annotated[int, msgspec.Meta(ge=0, le=99)] = 0
    session_expiry: Expiry = 3_600
    session_priority: Literal["low", "normal", "high"] = "normal"
    notice_form: Literal["text", "multipart"] = "text"
    expired_read_reports: Literal["forward", "drop"] = "forward"

    # Towards CPM.
    anonymous_senders: Literal["allow", "refuse"] = "allow"
    longest_expiry: Expiry = 604_800
    report_to: Literal["referred_by", "sender"] = "referred_by"
    history_addresses: Literal["all", "no_email"] = "all"
