"""A relay of MSRP (RFC 4976) between raw endpoints: the peers without the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.threads import deferToThread

from tests.live import msrp_relay
from tests.live.case import LiveTestCase
from tests.live.msrp_relay import PASSWORD, Relay, start_relay
from tests.live.raw_frames import Listener, Wire, token
from tests.live.raw_msrp import End, Message
from tests.live.raw_relay import Account, Refused, authorize

LONG = b"A long text for chunks. " * 400
GOOD = Account("alice", PASSWORD)


class RelayTestCase(LiveTestCase):
    """A relay, and endpoints that are closed when the test is over."""

    needs = msrp_relay.NEEDS

    async def relayed(self, talk: Callable[[Relay], Any]) -> Any:
        """Start a relay and talk through it, in a thread."""
        relay = await start_relay(self)
        return await deferToThread(talk, relay)


class RawThroughKamailio(RelayTestCase):
    async def test_challenge(self) -> None:
        """AUTH is challenged, and with the right answer gives a Use-Path (5.1)."""

        def talk(relay: Relay) -> None:
            wire = Wire.connect(relay.port)
            ours = f"msrp://127.0.0.1:9/{token()};tcp"
            with self.assertRaises(Refused) as refused:
                authorize(wire, relay.uri, ours, Account("alice", "wrong"))
            self.assertEqual(refused.exception.args[0], 401)
            answer = authorize(wire, relay.uri, ours, GOOD)
            self.assertTrue(answer.value("Use-Path").startswith(relay.uri[:-4] + "/"))
            self.assertEqual(answer.value("Expires"), "600")
            wire.close()

        await self.relayed(talk)

    async def test_no_place(self) -> None:
        """A SEND for a place that nobody has is answered 481."""

        def talk(relay: Relay) -> None:
            wire = Wire.connect(relay.port)
            theirs = f"{relay.uri[:-4]}/nobody;tcp msrp://127.0.0.1:9/x;tcp"
            end = End(wire, "msrp://127.0.0.1:9/y;tcp", theirs)
            self.assertEqual(end.bind(), 481)
            wire.close()

        await self.relayed(talk)

    async def test_towards_the_client(self) -> None:
        """What comes for the place goes to the connection of its AUTH.

        Kamailio connects to the other side for what goes there, whoever connected.
        """

        def talk(relay: Relay) -> None:
            ours, listener = placed(relay), Listener()
            uri = f"msrp://127.0.0.1:{listener.port}/{token()};tcp"
            other = End(Wire.connect(relay.port), uri, path(ours))
            ours.theirs = f"{place(ours)} {uri}"
            there = Message(LONG, success_report="yes")
            self.assertEqual(set(other.send(there)), {200})
            self.assertEqual(ours.message().body, LONG)
            back = End(listener.accept(), uri, path(ours))
            self.assertEqual(back.report(there.message_id), 200)
            self.exchange(ours, back)

        await self.relayed(talk)

    async def test_between_two_clients(self) -> None:
        """Both have a place at it: a path of two URIs on either side."""

        def talk(relay: Relay) -> None:
            one, other = placed(relay), placed(relay)
            one.theirs = f"{place(one)} {path(other)}"
            other.theirs = f"{place(other)} {path(one)}"
            self.exchange(one, other)
            self.exchange(other, one)

        await self.relayed(talk)

    def exchange(self, sender: End, taker: End) -> None:
        """A long message in chunks gets through, and a report of it comes back."""
        message = Message(LONG, success_report="yes")
        statuses = sender.send(message)
        self.assertEqual(set(statuses), {200})
        self.assertGreater(len(statuses), 4)
        self.assertEqual(taker.message().body, LONG)
        self.assertEqual(sender.report(message.message_id), 200)


def placed(relay: Relay) -> End:
    """An end with a place at the relay; where it sends to is not known yet."""
    wire = Wire.connect(relay.port)
    ours = f"msrp://127.0.0.1:9/{token()};tcp"
    authorize(wire, relay.uri, ours, GOOD)
    return End(wire, ours, "")


def place(end: End) -> str:
    """Its URI at the relay."""
    return end.wire.came[-1].value("Use-Path") or _place_of(end)


def path(end: End) -> str:
    """Its path, as others have it in To-Path."""
    return f"{place(end)} {end.ours}"


def _place_of(end: End) -> str:
    found = (frame.value("Use-Path") for frame in end.wire.came)
    return next(each for each in found if each)
