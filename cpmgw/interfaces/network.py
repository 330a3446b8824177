"""The two networks as interworking sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from cpmgw.sip.errand import Progress
    from cpmgw.sip.forwarding import UriParameters
    from cpmgw.sip.legs import Incoming
    from cpmgw.sip.message import Request, Response
    from cpmgw.sip.proxy import Finish
    from cpmgw.sip.uri import SipUri
    from txsmpp.pdu import Pdu
    from txsmpp.pdu import Response as SmppResponse


class ICpmNetwork(Interface):
    """The CPM side as an IWF sees it."""

    def request(
        request: Request,
        *,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send a request without a Via; fires with the final response.

        As `Sender.request` in `cpmgw.sip.dialogs`; fails with a SipError.
        """

    def cancel(answer: Deferred[Response], reasons: tuple[str, ...] = ()) -> None:
        """CANCEL an INVITE, and go on waiting for its answer."""

    def acknowledge(ack: Request) -> Deferred[None]:
        """Send the ACK of a 2xx; fires when it has left, fails with a SipError."""

    def contact(transport: str = "") -> SipUri:
        """A URI by which this gateway is reached, by a transport or towards CPM."""

    def begin(request: Request, iwf: str) -> Request:
        """The request with our Record-Route: what follows finds the IWF so named."""


class IProxy(Interface):
    """The CPM side as the ISF sees it: a record-routing proxy (RFC 3261 16)."""

    def forward(
        incoming: Incoming,
        request: Request,
        *,
        destination: str,
        parameters: UriParameters,
        timeout: float,
        finish: Finish,
    ) -> Deferred[Response]:
        """Send a request on to a SIP URI, with our Record-Route.

        `request` is the incoming one, as it is to go on; `parameters` are those of our
        URI. What comes before the final answer goes back by itself, and so does a
        CANCEL go on. Each 2xx of an INVITE goes back as `finish` makes it. What is no
        INVITE is waited for `timeout` seconds. Fails with a SipError where nobody
        answers.
        """

    def relay(incoming: Incoming) -> Deferred[Response]:
        """Send a request within a dialog along its route."""

    def acknowledge(incoming: Incoming) -> None:
        """Send an ACK along its route."""

    def routes(request: Request) -> tuple[SipUri, ...]:
        """The URIs of ours that are on top of a request's route."""

    def passed(request: Request) -> Request:
        """The request without them: as it is beyond us."""

    def record_routed(
        incoming: Incoming, request: Request, parameters: UriParameters
    ) -> Request:
        """The request with our Record-Route, for a user agent in this process."""

    def with_record_route(
        request: Request, transport: str, response: Response, parameters: UriParameters
    ) -> Response:
        """The 2xx with our Record-Route where the user agent has left it out."""

    def readable(request: Request) -> Request:
        """The request without a Content-Encoding; fails with a SipSyntaxError."""

    def admit(incoming: Incoming) -> Incoming | Response:
        """A request as a user agent in this process may take it, or its answer."""


class ISmsCentre(Interface):
    """One SM-SC as the SMS IWF sees it (TS 6.2.2)."""

    name: str = Attribute("The name of the [[smsc]] in the configuration.")
    bound: bool = Attribute("Whether a bind that can send is up.")

    def submit(request: Pdu) -> Deferred[SmppResponse]:
        """Send submit_sm, data_sm, cancel_sm, ...; fires with the response.

        Fails with a txsmpp SmppError (not bound, queue full, time-out, lost).
        """
