"""What a service provider may choose of large message mode (TS 6.1.2)."""

from __future__ import annotations

import msgspec

from cpmgw.policy.kinds import FailureReport, OptionalSeconds


class LargePolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[policy.large]: times in seconds.

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    early_timeout: OptionalSeconds = 0
    message_expires: OptionalSeconds = 0
    success_report: bool = False
    failure_report: FailureReport = "yes"
