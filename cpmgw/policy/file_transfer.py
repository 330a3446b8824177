"""What a service provider may choose of file transfers (TS 6.1.3)."""

from __future__ import annotations

from typing import Literal

import msgspec

from cpmgw.policy.kinds import OptionalSeconds

# What becomes of a file that is offered.
Files = Literal["accept", "reject"]


class FileTransferPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[policy.file_transfer]: times in seconds.

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    accept: Files = "accept"
    early_timeout: OptionalSeconds = 0
