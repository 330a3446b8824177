"""A group session under its interworking number, one INVITE at a time (TS 5.1, 5.2)."""

from __future__ import annotations

from twisted.logger import Logger

from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.isf.group_session import group_session_of
from cpmgw.isf.iw_numbers import InterworkingNumbers
from cpmgw.isf.numbered import with_number, with_number_in_answer
from cpmgw.policy import SelectionPolicy
from cpmgw.records import Allocation
from cpmgw.sip.message import Request, Response


class HeldNumber:
    """The number that one INVITE of a group session goes under, whichever IWF it is."""

    log = Logger()

    def __init__(self, numbers: InterworkingNumbers, policy: SelectionPolicy) -> None:
        self._numbers = numbers
        self._policy = policy
        self._given: Allocation | None = None
        self._number = ""

    async def request(self, request: Request, target: str, service: str) -> Request:
        """The INVITE as the IWF of a service gets it (steps 7a.v to 7a.vii, 8 e to g).

        CannotInterwork: 400 for one that names no session, 480 if no number is free,
        503 if the store fails.
        """
        if not self._number:
            allocation = await self._allocated(request, target, service)
            self._number = allocation.number
            if allocation.fresh:
                self._given = allocation
        return with_number(request, self._number)

    async def _allocated(
        self, request: Request, target: str, service: str
    ) -> Allocation:
        session = group_session_of(request, target)
        assert session is not None  # this is how it was known for a group's
        try:
            return await self._numbers.number_for(session, service)
        except StoreError as error:
            raise CannotInterwork(
                503,
                "Service Unavailable",
                cause="store",
                section="TS 5.1 step 7a.vi",
                warning="the store failed",
            ) from error

    async def answered(self, status: int) -> None:
        """Release the number where the INVITE it was given for has failed (step 13)."""
        if status != 408 and (status < 300 or self._policy.release_number == "timeout"):
            return
        given, self._given = self._given, None
        if given is None:
            return
        self._number = ""
        try:
            await self._numbers.release_if_fresh(given)
        except StoreError as error:
            self.log.error("number not released: {error}", error=str(error))

    def response(self, response: Response) -> Response:
        """The IWF's answer with the number in it, where it is a success (step 12)."""
        return with_number_in_answer(response, self._number)
