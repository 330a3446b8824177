"""One tree of exceptions; one that can be answered carries what the answer needs."""

from __future__ import annotations


class CpmgwError(Exception):
    """Whatever this gateway raises on purpose."""


class ConfigError(CpmgwError):
    """A configuration that cannot be used; `faults` names every one of them."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class NotRunning(CpmgwError):
    """What only a running gateway can do was asked of one that is not."""


class StoreError(CpmgwError):
    """The store could not do what was asked; nothing was committed."""


class TooBusy(CpmgwError):
    """So much waits already that nothing more is taken on."""


class CannotInterwork(CpmgwError):
    """A CPM request that is refused, with the SIP answer to give (TS 6.1.1, Table 2).

    `status` is the SIP status code, `warning` the explanation for a 399 Warning and
    `warning_code` its text code (conversation TS 6.4.2), `headers` further header
    fields of the answer, and `section` the place in the specification that asks for
    the refusal. `cause` is a word for it by which refusals are counted, one of a fixed
    set: nothing in it comes from the request. With `may_have_left` the message was
    handed over, or may have been: nobody is to send it again.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        cause: str,
        section: str,
        warning: str = "",
        warning_code: int = 122,
        headers: tuple[tuple[str, str], ...] = (),
        may_have_left: bool = False,
    ) -> None:
        super().__init__(f"{status} {reason} ({section})")
        self.status = status
        self.reason = reason
        self.cause = cause
        self.section = section
        self.warning = warning
        self.warning_code = warning_code
        self.headers = headers
        self.may_have_left = may_have_left
