"""Sessions through Kamailio to an IWF on another host (TS 5.1): SIPp is both ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from twisted.internet.task import deferLater

from tests.live.case import free_port
from tests.live.gateway import metric
from tests.live.reactor import reactor
from tests.live.remote_iwf import RemoteIwfTestCase
from tests.live.sessions import (
    Ending,
    Invitation,
    Place,
    field,
    fields,
    hops,
    interwork,
    invite,
    recorded,
    requests,
    responses,
)
from tests.live.sipp import Sipp

USER: Final = "+15550001001"
HANDSET: Final = "+15145550002"
NUMBER: Final = "+15145559000"
INVITATION: Final = Invitation(USER, HANDSET, "00a0c91e6bf6", "00a0c91e6bf7")
LARGE: Final = msgspec.structs.replace(INVITATION, contribution="0" * 200)
"""Its INVITE has more than 1300 octets, the most that is sent by UDP."""
POOL: Final = f"""
[[number_pool]]
name = "groups"
numbers = ["{NUMBER}"]
"""
QUICK: Final = """
[sip.timing]
t1 = 0.1
d = 6.4
"""
"""What absorbs repeated messages ends after 6.4 s (64 times T1)."""
CALLS: Final = 20


class SessionTestCase(RemoteIwfTestCase):
    """A caller beside them."""

    def call(
        self,
        ending: Ending,
        invitations: Sequence[Invitation] = (INVITATION,),
        *,
        group: bool = False,
    ) -> Sipp:
        """Invite through the core."""
        port = self.core.port
        return invite(self, invitations, ending, to_port=port, group=group)


class Sessions(SessionTestCase):
    caller: Sipp
    iwf: Sipp

    async def test_udp(self) -> None:
        """INVITE, 200, ACK and BYE of the caller pass through by UDP.

        [TS 5.1 step 10] [TS 5.1 step 12] [TS 5.1 step 14a] [TS 5.1 step 14b]
        """
        await self.ended_by_the_caller("udp", "udp")

    async def test_tcp(self) -> None:
        """The same by TCP, all the way from the core to the IWF."""
        await self.ended_by_the_caller("tcp", "tcp")

    async def test_tcp_then_udp(self) -> None:
        """It comes by TCP and leaves by UDP: two Record-Routes (RFC 5658 3.3)."""
        await self.ended_by_the_caller("tcp", "udp")

    async def test_udp_then_tcp(self) -> None:
        """It comes by UDP and leaves by TCP: two Record-Routes (RFC 5658 3.3)."""
        await self.ended_by_the_caller("udp", "tcp")

    async def test_too_large_for_udp(self) -> None:
        """What is too large for UDP goes by TCP instead, and with it the session.

        RFC 3261 18.1.1; the URI of the IWF says UDP.
        """
        await self.ended_by_the_caller("udp", "tcp", named="udp", invitation=LARGE)

    async def test_too_large_but_no_tcp(self) -> None:
        """Where nobody takes TCP connections it goes by UDP after all (18.1.1)."""
        await self.ended_by_the_caller("udp", "udp", invitation=LARGE)

    async def test_bye_of_the_iwf(self) -> None:
        """The IWF's BYE goes to the core, and from there to the caller.

        [TS 5.1 step 14c]
        """
        await self.ended_by_the_iwf("udp", "udp")

    async def test_bye_of_the_iwf_by_udp_then_tcp(self) -> None:
        """The IWF's BYE leaves by TCP where the INVITE came by that."""
        await self.ended_by_the_iwf("tcp", "udp")

    async def test_bye_of_the_iwf_by_tcp_then_udp(self) -> None:
        """The IWF's BYE leaves by UDP where the INVITE came by that."""
        await self.ended_by_the_iwf("udp", "tcp")

    async def test_cancel(self) -> None:
        """A CANCEL goes on to the IWF, whose 487 comes back (RFC 3261 16.10)."""
        await self.cancelled("udp", "udp")

    async def test_cancel_by_tcp_then_udp(self) -> None:
        """A CANCEL goes where its INVITE went, by the same transport (9.1)."""
        await self.cancelled("tcp", "udp")

    async def ended_by_the_caller(
        self,
        inner: str,
        outer: str,
        *,
        named: str = "",
        invitation: Invitation = INVITATION,
    ) -> None:
        """A session that the caller ends; `named` is the transport of the IWF's URI."""
        await self.talk(Ending.BY_CALLER, inner, outer, named, invitation)
        self.has_both_routes(inner, outer)
        way = [(outer, self.network.port), *self.up_to_the_core(inner)]
        for method in ("INVITE", "ACK", "BYE"):
            request = requests(self.iwf, method)[0]
            self.assertEqual(hops(request), way, method)
            self.assertEqual(fields(request, "Route"), [], method)
        for method in ("ACK", "BYE"):
            request = requests(self.iwf, method)[0]
            self.assertEqual(fields(request, "Record-Route"), [], method)
            self.assertIn(f" sip:mms@127.0.0.1:{self.iwf.port};", request)

    async def ended_by_the_iwf(self, inner: str, outer: str) -> None:
        """A session that the IWF ends."""
        await self.talk(Ending.BY_IWF, inner, outer)
        self.has_both_routes(inner, outer)
        bye = requests(self.caller, "BYE")[0]
        self.assertEqual(
            hops(bye),
            [
                ("udp", self.core.port),
                (inner, self.network.port),
                (outer, self.iwf.port),
            ],
        )
        self.assertEqual(fields(bye, "Route"), [])
        self.assertTrue(bye.startswith(f"BYE sip:{USER}@127.0.0.1:{self.caller.port} "))

    async def cancelled(self, inner: str, outer: str) -> None:
        """A session that the caller does not wait for."""
        await self.talk(Ending.CANCELLED, inner, outer)
        (cancel,) = requests(self.iwf, "CANCEL")
        gateway = (outer, self.network.port)
        self.assertEqual(hops(cancel), [gateway])
        self.assertEqual(field(cancel, "CSeq"), "1 CANCEL")
        # The ACK of what is no 2xx is that of the hop (17.1.1.3).
        self.assertEqual(hops(requests(self.iwf, "ACK")[0]), [gateway])
        refused = responses(self.caller, 487, "INVITE")[0]
        self.assertEqual(field(refused, "Server"), "IWF-MMS-serv/OMA2.1")
        self.assertEqual(hops(refused), [("udp", self.caller.port)])

    async def talk(
        self,
        ending: Ending,
        inner: str,
        outer: str,
        named: str = "",
        invitation: Invitation = INVITATION,
    ) -> None:
        """Have a session from its INVITE to its end."""
        self.iwf = interwork(self, ending, transport=outer)
        await self.between(self.iwf, inner, named or outer)
        self.caller = self.call(ending, [invitation])
        await self.caller.finished()
        await self.iwf.finished()

    def up_to_the_core(self, inner: str) -> list[Place]:
        """The Vias that the gateway got."""
        return [(inner, self.core.port), ("udp", self.caller.port)]

    def has_both_routes(self, inner: str, outer: str) -> None:
        """Gateway and core stay in the path, on both sides each."""
        port, core = self.network.port, self.core.port
        ours: list[Place] = [(outer, port), (inner, port)]
        theirs: list[Place] = [(inner, core), ("udp", core)]
        expected = [*dict.fromkeys(ours), *dict.fromkeys(theirs)]
        invited = requests(self.iwf, "INVITE")[0]
        answered = responses(self.caller, 200, "INVITE")[0]
        for message in (invited, answered):
            self.assertEqual(recorded(message), expected)
            for route in fields(message, "Record-Route")[: len(set(ours))]:
                self.assertIn(";lr;iwf=mms;sig=", route)


class GroupSession(SessionTestCase):
    async def test_number(self) -> None:
        """The 200 of an IWF that knows no IW-Number has it when it comes back.

        [TS 5.1 step 7a.vi.1] [TS 5.1 step 7a.vii] [TS 5.1 step 12]
        """
        self.configure(tables=POOL)
        iwf = interwork(self, Ending.BY_CALLER)
        await self.between(iwf)
        caller = self.call(Ending.BY_CALLER, group=True)
        await caller.finished()
        await iwf.finished()
        invited = requests(iwf, "INVITE")[0]
        self.assertEqual(field(invited, "P-Asserted-Identity"), f"<tel:{NUMBER}>")
        answered = responses(caller, 200, "INVITE")[0]
        for message in (invited, answered):
            self.assertEqual(field(message, "IW-Number"), f"tel:{NUMBER}")
        self.assertFalse(any(fields(each, "IW-Number") for each in iwf.sent))


class Load(SessionTestCase):
    async def test_many_sessions(self) -> None:
        """Sessions one after the other all go well, and leave nothing behind."""
        self.configure(tables=QUICK, web_port=free_port())
        iwf = interwork(self, Ending.BY_CALLER, CALLS)
        await self.between(iwf)
        before = await metric(self.network, "cpmgw_sip_transactions")
        self.assertEqual(before, 0)
        invitations = [
            Invitation(USER, f"+1514555{number:04}", f"{number:012}", f"{number:012}")
            for number in range(CALLS)
        ]
        caller = self.call(Ending.BY_CALLER, invitations)
        await caller.finished()
        await iwf.finished()
        invited = {field(each, "Call-ID") for each in requests(iwf, "INVITE")}
        ended = {field(each, "Call-ID") for each in requests(iwf, "BYE")}
        self.assertEqual((len(invited), ended), (CALLS, invited))
        self.assertGreater(await metric(self.network, "cpmgw_sip_transactions"), 0)
        await self.nothing_left()

    async def nothing_left(self) -> None:
        """Wait until the gateway has no transaction any more."""
        end = reactor.seconds() + 15
        while left := await metric(self.network, "cpmgw_sip_transactions"):
            self.assertLess(reactor.seconds(), end, f"{left} transactions are left")
            await deferLater(reactor, 0.2)
