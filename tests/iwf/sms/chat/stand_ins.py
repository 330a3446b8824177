"""A stand-in for an SM-SC."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed

from txsmpp.pdu import DataSm, Pdu, SubmitSm, SubmitSmResp
from txsmpp.pdu import Response as SmppResponse
from txsmpp.text.received import read


class Link:
    """An SM-SC: `submitted` is what it was given, `statuses` what it says to each.

    Without a status left it takes all; None lets the test answer `held`.
    """

    name = "home"
    bound = True

    def __init__(self) -> None:
        self.submitted: list[SubmitSm | DataSm] = []
        self.statuses: list[int | None] = []
        self.held: list[Deferred[SmppResponse]] = []

    def submit(self, request: Pdu) -> Deferred[SmppResponse]:
        """Take it or not."""
        assert isinstance(request, SubmitSm | DataSm)
        self.submitted.append(request)
        status = self.statuses.pop(0) if self.statuses else 0
        if status is None:
            self.held.append(Deferred())
            return self.held[-1]
        return succeed(self.answer(status))

    def answer(self, status: int = 0) -> SmppResponse:
        """An answer of the SM-SC."""
        number = str(len(self.submitted))
        return SubmitSmResp("" if status else number, command_status=status)

    @property
    def texts(self) -> list[str | None]:
        """What the handset would show."""
        return [read(each).text for each in self.submitted]
