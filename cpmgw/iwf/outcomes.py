"""What a sender is answered, whatever the service (TS 6.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cpmgw.cpm.errors import ImdnError
from cpmgw.cpm.imdn import Imdn, parse_imdn
from cpmgw.errors import CannotInterwork
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.sip.status import reason_for

# The answer to what was sent, and has none of the other service.
MAY_HAVE_LEFT: Final = 408
# The answer to what was sent, and could not be remembered.
AFTER_SENDING: Final = 500


def success(values: Mapping[str, Any], key: bytes, expires: float) -> Answer:
    """What a table gives for a success, in the form that a repeat can be given.

    `expires` is in seconds since 1970. The codec counts the octets itself.
    """
    headers = dict(values)
    status = headers.pop("response code")
    reason = headers.pop("reason phrase")
    del headers["Content-Length"]
    return Answer(
        key=key,
        status=status,
        reason=reason,
        headers=tuple(headers.items()),
        expires=expires,
    )


def store_failed(status: int, policy: Policy) -> CannotInterwork:
    """The answer where nothing can be remembered: 503 before sending, 500 after."""
    return CannotInterwork(
        status,
        reason_for(status),
        cause="store",
        section="TS 6.1.1 step 2",
        warning="the store failed",
        headers=retry_after(status, policy),
        may_have_left=status == AFTER_SENDING,
    )


def retry_after(status: int, policy: Policy) -> tuple[tuple[str, str], ...]:
    """Retry-After where the answer asks to come again (RFC 3261 20.33)."""
    if status in (480, 503):
        return (("Retry-After", str(policy.retry_after)),)
    return ()


def notification_in(content: bytes) -> Imdn:
    """The disposition notification in a message; CannotInterwork 400 if it is none."""
    try:
        return parse_imdn(content)
    except ImdnError as error:
        raise CannotInterwork(
            error.status,
            error.reason,
            cause="notification",
            section="RFC 5438 7.2",
            warning=str(error),
        ) from error
