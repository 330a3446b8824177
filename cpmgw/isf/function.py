"""The Interworking Selection Function in the path of every request (TS 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.logger import Logger

from cpmgw.cpm import product
from cpmgw.cpm.features import Feature, features_of
from cpmgw.cpm.headers import identification_of
from cpmgw.cpm.identity import masked
from cpmgw.cpm.warning import warning
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IInterworking
from cpmgw.isf.selection import select
from cpmgw.iwf.standalone import StandaloneMessage, read_standalone
from cpmgw.policy import Policy
from cpmgw.sip.message import Request, Response, respond

Clock = Callable[[], float]


class SelectionFunction:
    """Hands each CPM request to the IWF that the selection names.

    `services` stand in order of preference; `now` gives seconds since 1970; `domain`
    names this host in Warnings; national numbers are those of `country`.
    """

    log = Logger()

    def __init__(
        self,
        services: Sequence[IInterworking],
        policy: Policy,
        domain: str,
        now: Clock,
        country: str = "",
    ) -> None:
        self._services = tuple(services)
        self._policy = policy
        self._domain = domain
        self._now = now
        self._country = country

    async def message(self, request: Request, senders: Sequence[str]) -> Response:
        """Answer a SIP MESSAGE: select, hand over, return the IWF's answer.

        `senders` are what the numbers begin with that the peer may speak for: "" is
        any sender, for a trusted peer. Who speaks for another is refused (conversation
        TS 6.1). Steps 10 and 12 happen within the process: the hop to the IWF adds
        nothing to a request that makes no dialog.
        """
        try:
            message = self._read(request)
            if not message.originator.startswith(tuple(senders)):
                raise CannotInterwork(
                    403,
                    "Forbidden",
                    section="conversation TS 6.1",
                    warning="Service not authorised",
                    warning_code=127,
                )
            service = self._choose(message)
            answer: Response = await service.message(message)
        except CannotInterwork as refusal:
            self.log.debug(
                "{method} {call_id} refused: {refusal}",
                method=request.method,
                call_id=request.call_id,
                refusal=str(refusal),
            )
            return self._refuse(request, refusal)
        return answer

    def _read(self, request: Request) -> StandaloneMessage:
        """Read a message whose feature tag is the pager mode one (TS 6.1)."""
        message = read_standalone(request, self._now(), self._country)
        features = features_of(request.headers)
        if Feature.PAGER in features or message.is_notification:
            return message
        if not features and self._policy.untagged_as_pager:
            return message
        raise CannotInterwork(
            488,
            "Not Acceptable Here",
            section="TS 6.1",
            warning="no feature tag of a pager mode message",
            warning_code=127,
        )

    def _choose(self, message: StandaloneMessage) -> IInterworking:
        selection = select(message, self._services)
        if selection.chosen is None:
            raise selection.refusal
        self.log.debug(
            "{call_id} to {target} goes by {service}; ruled out: {exclusions}",
            call_id=message.request.call_id,
            target=masked(message.target),
            service=selection.chosen.name,
            exclusions=[
                f"{each.service}: {each.refusal}" for each in selection.exclusions
            ],
        )
        return selection.chosen

    def _refuse(self, request: Request, refusal: CannotInterwork) -> Response:
        headers = [
            *identification_of(request.headers).pairs(),  # TS 6.1.1
            ("Server", product.server("SMS")),
            *refusal.headers,
        ]
        if refusal.warning:
            headers.append(
                (
                    "Warning",
                    warning(
                        self._domain,
                        refusal.warning_code,
                        refusal.warning,
                    ),
                )
            )
        return respond(request, refusal.status, refusal.reason, headers=headers)
