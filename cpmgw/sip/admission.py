"""What a request has to pass before a handler sees it (RFC 3261 8.2, 16.3, 22)."""

from __future__ import annotations

import os

from cpmgw.sip import forwarding, uas
from cpmgw.sip.digest import Verifier
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.settings import EndpointSettings


class Admission:
    """The checks of an endpoint, for what it serves and for what it proxies.

    `served` are the methods with a handler; `rules` say what a proxy knows of itself.
    """

    def __init__(self, settings: EndpointSettings, rules: forwarding.Rules) -> None:
        self._settings = settings
        self._rules = rules
        self._verifier = Verifier(
            settings.realm or settings.host, os.urandom(32), _passwords(settings)
        )
        self.trusted = uas.TrustedPeers(settings.trusted)
        self.served = uas.Served(frozenset())

    def update(self, settings: EndpointSettings) -> None:
        """Go by these settings: whom to trust, and who may authenticate."""
        if settings.users != self._settings.users:
            self._verifier.change(_passwords(settings))
        if settings.trusted != self._settings.trusted:
            self.trusted = uas.TrustedPeers(settings.trusted)
        self._settings = settings

    def serve(self, method: str, *, in_dialog: bool, proxied: bool) -> None:
        """Take a method from now on."""
        served, one = self.served, frozenset((method,))
        self.served = uas.Served(
            served.methods | (one - {"ACK", uas.OTHERS}),
            served.in_dialog | one if in_dialog else served.in_dialog - one,
            served.proxied | one if proxied else served.proxied - one,
        )

    def admit(
        self, request: Request, now: float, *, merged: bool, trusted: bool
    ) -> tuple[Request | Response, str]:
        """The request as its handler gets it, and its user; or the answer to it.

        The body of what is proxied stays as it came.
        """
        proxied = self.served.name_of(request) in self.served.proxied
        user = ""
        try:
            if proxied:
                refusal = forwarding.refusal(
                    request,
                    self.served,
                    self._settings,
                    self._rules,
                    merged=merged,
                    trusted=trusted,
                )
            else:
                refusal = uas.refusal(
                    request,
                    self.served,
                    self._settings,
                    merged=merged,
                    trusted=trusted,
                )
            if refusal is None and self._settings.users and not trusted:
                user, refusal = uas.authenticate(request, self._verifier, now)
            if refusal is not None:
                return refusal, ""
            return request if proxied else uas.plain(request, self._settings), user
        except SipSyntaxError as error:
            reason, headers = error.reason, error.headers
            return respond(request, error.status, reason, headers=headers), ""

    def acknowledged(self, ack: Request, now: float, *, trusted: bool) -> str:
        """The user whose INVITE an ACK belongs to; empty where that is not shown.

        An ACK cannot be challenged; it has the credentials of its INVITE (RFC 3261
        22.1), which may have waited long for its answer.
        """
        settings = self._settings
        if trusted or not settings.users or "Authorization" not in ack.headers:
            return ""
        waited = settings.timer_c + settings.timing.transaction
        try:
            user = self._verifier.acknowledging(ack, now, waited)
        except SipSyntaxError:
            return ""
        return user or ""


def _passwords(settings: EndpointSettings) -> dict[str, str]:
    return {user.username: user.password for user in settings.users}
