"""What is answered, by whom and when, and what is reported (RFC 4975 7.1.2, 7.2)."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred

from cpmgw.msrp.interfaces import FailureReport, Remote
from cpmgw.msrp.reception import ReceptionLimits
from cpmgw.msrp.sending import SendLimits
from tests.msrp.frames import report, send
from tests.msrp.nodes import NodeCase

LARGE = bytes(range(256)) * 4000


class Answers(NodeCase):
    def test_status_of_the_user(self) -> None:
        """The user's status answers the last chunk (7.3.1)."""
        active, _, _, user = self.pair(self.node(), self.node())
        for status in (200, 403, 413, 415, 488):
            user.answer = partial(int, status)
            self.assertEqual(self.network.result_of(active.send("a/b", b"x")), status)

    def test_user_takes_time(self) -> None:
        """While a user takes time, other messages and sessions go on."""
        here, there = self.node(), self.node()
        active, _, _, user = self.pair(here, there)
        other, _, _, other_user = self.pair(here, there)
        waits: Deferred[int] = Deferred()
        user.answer = lambda: waits
        slow = active.send("a/b", b"slow")
        self.network.settle()
        user.answer = lambda: 200
        self.assertEqual(self.network.result_of(active.send("a/b", b"fast")), 200)
        self.assertEqual(self.network.result_of(other.send("a/b", b"other")), 200)
        self.assertNoResult(slow)
        waits.callback(403)
        self.assertEqual(self.network.result_of(slow), 403)
        self.assertEqual(
            (user.bodies, other_user.bodies), ([b"slow", b"fast"], [b"other"])
        )

    def test_user_takes_too_long(self) -> None:
        """Without an answer within 30 s it is 408, and the answer comes in vain."""
        active, _, _, user = self.pair(self.node(), self.node())
        waits: Deferred[int] = Deferred()
        user.answer = lambda: waits
        sent = active.send("a/b", b"x")
        self.network.advance(29.9)
        self.assertNoResult(sent)
        self.network.advance(0.1)
        self.assertEqual(self.successResultOf(sent), 408)
        waits.callback(200)
        self.network.settle()
        self.assertTrue(active.is_connected)

    def test_peer_is_silent(self) -> None:
        """So where nothing at all comes back."""
        session, user, _, _ = self.bound(self.node())
        sent = session.send("a/b", b"x")
        self.network.settle()
        self.network.advance(29.9)
        self.assertNoResult(sent)
        self.network.advance(0.1)
        self.assertEqual((self.successResultOf(sent), user.reasons), (408, []))

    def test_user_fails(self) -> None:
        """A user that fails over a message has it answered 413, and is logged."""

        def fail() -> int:
            raise ValueError("oops")

        active, _, _, user = self.pair(self.node(), self.node())
        user.answer = fail
        self.assertEqual(self.network.result_of(active.send("a/b", b"x")), 413)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_user_fails_otherwise(self) -> None:
        """A user that fails over what it is told is logged; the session goes on."""

        def fail(*_: object) -> None:
            raise ValueError("oops")

        node = self.node()
        session, user = self.open(node)
        for name in ("connected", "report", "lost"):
            self.patch(user, name, fail)
        theirs = "msrp://127.0.0.1:9/peer;tcp"
        session.begin(Remote(path=(theirs,)))
        peer = self.connect(node)
        octets = send(to_path=session.path[0], from_path=theirs)
        told = octets.replace(b" SEND\r\n", b" REPORT\r\nStatus: 000 200\r\n")
        peer.write(octets + told)
        self.network.settle()
        self.assertEqual((peer.statuses, user.bodies), ([200], [b"hello"]))
        self.network.cut(*session.address)
        self.network.settle()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 3)

    def test_failure_report(self) -> None:
        """Which answers go out is the sender's wish (7.1.2)."""
        for wish, status, expected in (
            ("yes", 200, [200]),
            ("yes", 415, [415]),
            ("partial", 200, []),
            ("partial", 415, [415]),
            ("no", 200, []),
            ("no", 415, []),
        ):
            node = self.node()
            _, user, peer, sending = self.bound(node)
            user.answer = partial(int, status)
            peer.write(sending(headers=[f"Failure-Report: {wish}"]))
            self.network.settle()
            self.assertEqual(peer.statuses[1:], expected, (wish, status))

    def test_success_report(self) -> None:
        """A REPORT of the whole message follows its 200, if asked for (7.1.2)."""
        active, active_user, _, user = self.pair(self.node(), self.node())
        sent = active.send("a/b", LARGE, success_report=True, message_id="m1d2")
        self.assertEqual(self.network.result_of(sent), 200)
        self.assertEqual(active_user.reports, [("m1d2", 200)])
        user.answer = lambda: 415
        self.network.result_of(active.send("a/b", b"x", success_report=True))
        self.assertEqual(active_user.reports, [("m1d2", 200)])

    def test_success_report_octets(self) -> None:
        """It goes to the whole From-Path, and is about every octet."""
        node = self.node()
        session, _, peer, sending = self.bound(node)
        peer.write(sending(headers=["Success-Report: yes", "Failure-Report: no"]))
        self.network.settle()
        (_, frame) = peer.frames
        request = frame.request
        self.assertEqual((request.method, request.status), ("REPORT", 200))
        self.assertEqual(request.message_id, "m1d2")
        self.assertEqual(str(request.byte_range), "1-5/5")
        self.assertEqual(request.from_path, session.path)
        self.assertFalse(request.has_body)

    def test_reports(self) -> None:
        """A REPORT goes to the user and is never answered (7.3.2)."""
        _, user, peer, sending = self.bound(self.node())
        paths = {"to_path": sending().split(b"To-Path: ")[1].split(b"\r\n")[0].decode()}
        for status in ("000 200 OK", "000 408", "001 200 OK", "x"):
            octets = (
                report(status)
                .replace(b"msrp://127.0.0.1:2855/ours;tcp", paths["to_path"].encode())
                .replace(
                    b"msrp://127.0.0.2:2855/theirs;tcp", b"msrp://127.0.0.1:9/peer;tcp"
                )
            )
            peer.write(octets)
        peer.write(octets.replace(b"9/peer", b"9/none"))
        self.network.settle()
        self.assertEqual(user.reports, [("m1d2", 200), ("m1d2", 408)])
        self.assertEqual(len(peer.frames), 1)

    def test_partial(self) -> None:
        """With Failure-Report "partial" a late failure comes as a report."""
        session, user, peer, _ = self.bound(self.node())
        sent = session.send("a/b", b"x", failure_report=FailureReport.PARTIAL)
        self.network.settle()
        self.assertEqual(self.successResultOf(sent), 200)
        peer.respond(413, peer.frames[-1])
        self.network.settle()
        (_, frame) = peer.frames
        self.assertEqual(user.reports, [(frame.request.message_id, 413)])

    def test_refused_within(self) -> None:
        """A large message that is refused early is not sent to its end (7.2)."""
        node = self.node(sending=SendLimits(window=2))
        session, _, peer, _ = self.bound(node)
        sent = session.send("a/b", LARGE)
        self.network.settle()
        self.assertEqual(len(peer.frames), 3)
        peer.respond(413, peer.frames[1])
        self.assertEqual(self.network.result_of(sent), 413)
        self.assertTrue(session.is_connected)

    def test_refused_early(self) -> None:
        """What is too large is answered before it has come, and passed over."""
        node = self.node(reception=ReceptionLimits(max_size=1000))
        _, user, peer, sending = self.bound(node)
        octets = sending(bytes(1_000_000), given="1-*/1000000")
        peer.write(octets[:100_000])
        self.network.settle()
        self.assertEqual(peer.statuses, [200, 413])
        peer.write(octets[100_000:] + sending())
        self.network.settle()
        self.assertEqual((peer.statuses, user.bodies), ([200, 413, 200], [b"hello"]))

    def test_unknown_method(self) -> None:
        """A method that is not known is answered 501, all the way back (7.3)."""
        _, _, peer, sending = self.bound(self.node())
        way = "msrp://relay:1;tcp msrp://127.0.0.1:9/peer;tcp"
        peer.write(sending(method="NICKNAME", from_path=way))
        peer.write(sending(None, method="AUTH", given="1-0/0"))
        self.network.settle()
        self.assertEqual(peer.statuses, [200, 501, 501])
        self.assertEqual(peer.frames[1].response.to_path, tuple(way.split()))

    def test_bad_request(self) -> None:
        """What is wrong in a request is answered 400; the connection goes on."""
        _, user, peer, sending = self.bound(self.node())
        for octets in (
            sending(message_id=""),
            sending(headers=["Nonsense"]),
            sending(given="9-1/3"),
            sending(),
        ):
            peer.write(octets)
        self.network.settle()
        self.assertEqual(peer.statuses, [200, 400, 400, 400, 200])
        self.assertEqual(user.bodies, [b"hello"])

    def test_no_path(self) -> None:
        """What cannot be answered is passed over; the connection goes on."""
        _, user, peer, sending = self.bound(self.node())
        peer.write(sending().replace(b"From-Path", b"X-Path") + sending())
        self.network.settle()
        self.assertEqual((peer.statuses, user.bodies), ([200, 200], [b"hello"]))
        path = "msrp://127.0.0.1:9/" + "p" * 1100 + ";tcp"
        latin = sending(headers=["X: \u00fc"]).replace("\u00fc".encode(), b"\xfc")
        peer.write(sending(from_path=path) + latin + sending())
        self.network.settle()
        self.assertEqual((peer.statuses[2:], user.bodies[1:]), ([400, 200], [b"hello"]))

    def test_empty_content(self) -> None:
        """A content without octets is a message, unless it comes to bind."""
        _, user, peer, sending = self.bound(self.node())
        peer.write(sending(b"", given="1-0/0", headers=["Success-Report: yes"]))
        self.network.settle()
        self.assertEqual((peer.statuses, user.bodies), ([200, 200], [b""]))
        self.assertEqual([f.request.method for f in peer.requests], ["REPORT"])
        node = self.node()
        session, user = self.open(node)
        theirs = "msrp://127.0.0.1:9/peer;tcp"
        session.begin(Remote(path=(theirs,)))
        binds = send(b"", given="1-0/0", to_path=session.path[0], from_path=theirs)
        self.connect(node).write(binds)
        self.network.settle()
        self.assertEqual((user.connections, user.bodies), (1, []))

    def test_back_to_the_hop_before(self) -> None:
        """The answer to a SEND goes to the hop before, and no further (7.2)."""
        node = self.node()
        session, _ = self.open(node)
        way = ("msrp://relay:1/r;tcp", "msrp://127.0.0.1:9/peer;tcp")
        session.begin(Remote(path=way))
        peer = self.connect(node)
        peer.write(send(to_path=session.path[0], from_path=" ".join(way)))
        self.network.settle()
        (frame,) = peer.frames
        self.assertEqual(frame.response.to_path, way[:1])
        self.assertEqual(frame.response.from_path, session.path)
