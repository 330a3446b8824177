"""Tests of cpmgw.iwf.media."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.described import changed
from cpmgw.iwf.media import Answered, Media, Offered, Types, Wanted
from cpmgw.msrp.interfaces import Remote
from cpmgw.policy import Policy
from cpmgw.sdp.description import attribute
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sdp.stream import MediaStream, streams
from tests.iwf.msrp_node import Nobody, Node
from tests.sdp.samples import LARGE_MESSAGE, SESSION, octets

LARGE = Wanted(direction=Direction.RECVONLY, section="TS 6.1.2 step 1")
CHAT = Wanted(
    direction=Direction.SENDRECV,
    section="TS 6.1.4 step 1",
    direct=("message/cpim", "application/im-iscomposing+xml"),
    beside=("message/imdn+xml",),
)
SENT = Wanted(
    direction=Direction.SENDONLY,
    section="TS 6.2.2.2.3 step 3",
    content=("text/plain",),
    attributes=(attribute("file-selector", "size:1500"),),
)

ANSWER = """\
v=0
o=- 2 1 IN IP4 10.0.0.9
s=-
c=IN IP4 10.0.0.9
t=0 0
m=message 7700 TCP/MSRP *
a=recvonly
a=accept-types:message/cpim
a=path:msrp://10.0.0.9:7700/far;tcp
a=setup:passive
a=msrp-cema
"""
PLAIN_SESSION = (
    SESSION.replace("TCP/TLS/MSRP", "TCP/MSRP")
    .replace("msrps:", "msrp:")
    .replace("a=setup:actpass\n", "a=setup:actpass\na=msrp-cema\n")
)


class MediaCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.node = Node()
        self.policy = Policy()
        self.media = Media(self.node, lambda: self.policy, lambda: 7)

    def result(self, awaitable: Any) -> Any:
        """What comes of a coroutine that waits for nothing."""
        return self.successResultOf(Deferred.fromCoroutine(awaitable))

    def answer(self, text: str, wanted: Wanted = LARGE) -> Answered:
        """The answer to an offer."""
        answered = self.result(self.media.answer(octets(text), wanted, Nobody()))
        assert isinstance(answered, Answered)
        return answered

    def refused(self, text: str, wanted: Wanted = LARGE) -> CannotInterwork:
        """Why an offer is refused; no session is left of it."""
        work = self.media.answer(octets(text), wanted, Nobody())
        failure = self.failureResultOf(Deferred.fromCoroutine(work), CannotInterwork)
        self.assertTrue(all(each.closed for each in self.node.sessions))
        error = failure.value
        assert isinstance(error, CannotInterwork)
        self.assertEqual(error.section, wanted.section)
        return error

    def offer(self, wanted: Wanted = SENT) -> Offered:
        """A stream that is offered."""
        offered = self.result(self.media.offer(wanted, Nobody()))
        assert isinstance(offered, Offered)
        return offered

    def stream(self, body: bytes, place: int = 0) -> MediaStream:
        """A stream of a description."""
        return streams(parse_sdp(body))[place]

    def remote(self) -> Remote:
        """The other side that the newest session was begun with."""
        return self.node.sessions[-1].remotes[-1]


class Answers(MediaCase):
    """Offers that came (TS 6.1.2, 6.1.4)."""

    def test_large_message(self) -> None:
        """Own path and address, recvonly, passive, the types of the offer.

        (TS 6.1.2 step 4d)
        """
        answered = self.answer(LARGE_MESSAGE)
        text = answered.body.decode().replace("\r\n", "\n")
        self.assertEqual(
            text,
            "v=0\no=- 7 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n"
            "m=message 2855 TCP/MSRP *\na=recvonly\na=accept-types:message/cpim\n"
            "a=accept-wrapped-types:text/plain image/jpeg\na=max-size:100000\n"
            "a=path:msrp://127.0.0.1:2855/s1;tcp\na=setup:passive\na=msrp-cema\n"
            "a=file-selector:size:24711\na=max-chunk-size:1024\n",
        )
        self.assertIs(answered.direction, Direction.RECVONLY)

    def test_begins_at_the_ack(self) -> None:
        """Nobody is let in before `begin`; then whom the offer has named."""
        answered = self.answer(LARGE_MESSAGE)
        self.assertEqual(self.node.sessions[0].remotes, [])
        answered.begin()
        self.assertEqual(
            self.remote(),
            Remote(
                path=("msrp://a.example.com:7654/s1;tcp",),
                connect_to=("a.example.com", 7654),
                max_chunk=1_024_000,
                connection=1,
            ),
        )

    def test_session_matching(self) -> None:
        """Without msrp-cema only session identifiers are compared (5.2.1.4).

        It is not said in the answer then.
        """
        answered = self.answer(LARGE_MESSAGE.replace("a=msrp-cema\n", ""))
        answered.begin()
        self.assertTrue(self.remote().by_session_id)
        self.assertFalse(self.stream(answered.body).has_cema)

    def test_roles(self) -> None:
        """We connect only to who wants to be passive, at the c and m lines."""
        for setup, active in (
            ("actpass", False),
            ("active", False),
            ("passive", True),
            ("holdconn", False),
        ):
            offered = LARGE_MESSAGE.replace("actpass", setup)
            self.answer(offered.replace("c=IN IP4 a.", "c=IN IP4 b.")).begin()
            self.assertIs(self.remote().active, active, setup)
            self.assertEqual(self.remote().connect_to, ("b.example.com", 7654))

    def test_first_that_fits(self) -> None:
        """Of several streams the first message stream is taken, no other.

        (TS 6.1.4 step 6h)
        """
        second = PLAIN_SESSION[PLAIN_SESSION.index("m=message") :]
        offered = PLAIN_SESSION.replace(second, second + second)
        answered = self.answer(offered, CHAT)
        found = streams(parse_sdp(answered.body))
        self.assertEqual([each.media.port for each in found], [0, 2855, 0, 0, 0])
        self.assertEqual(
            answered.stream.media, streams(parse_sdp(octets(offered)))[1].media
        )

    def test_types_offered(self) -> None:
        """The types of the answer are those of the offer (TS 6.1.4 step 6h)."""
        stream = self.stream(self.answer(PLAIN_SESSION, CHAT).body, 1)
        self.assertEqual(
            stream.accept_types, ("message/cpim", "application/im-iscomposing+xml")
        )
        self.assertEqual(
            stream.accept_wrapped_types, ("text/plain", "message/imdn+xml")
        )

    def test_types_taken(self) -> None:
        """Others than those that are taken are left out (RCC.10 6.1.4)."""
        text = msgspec.structs.replace(
            CHAT, types=Types.TAKEN, direct=("message/cpim",), beside=()
        )
        offered = PLAIN_SESSION.replace("text/plain message", "image/png * message")
        stream = self.stream(self.answer(offered, text).body, 1)
        self.assertEqual(stream.accept_types, ("message/cpim",))
        self.assertEqual(stream.accept_wrapped_types, ("text/*",))

    def test_nothing_fits(self) -> None:
        """488 without a stream that has room for text in message/cpim.

        (TS 6.1.2 step 1) (TS 6.1.4 step 1) (RCC.10 6.1.4 clarification)
        """
        for before, after in (
            ("text/plain image/jpeg", "image/jpeg"),
            ("accept-types:message/cpim", "accept-types:text/plain"),
            ("TCP/MSRP", "UDP/MSRP"),
            ("m=message 7654", "m=message 0"),
            ("a=sendonly", "a=recvonly"),
            ("a=sendonly", "a=inactive"),
            ("a=path", "a=pith"),
        ):
            self.assertIn(before, LARGE_MESSAGE)
            refused = self.refused(LARGE_MESSAGE.replace(before, after))
            self.assertEqual(refused.status, 488, after)

    def test_unreadable(self) -> None:
        """400 for what breaks the grammar, wherever it stands."""
        for before, after in (
            ("v=0", "x=0"),
            ("a.example.com:7654/s1", "a.example.com:x/s1"),
            ("setup:actpass", "setup:perhaps"),
            ("max-chunk-size: 1024", "max-chunk-size:many"),
        ):
            refused = self.refused(LARGE_MESSAGE.replace(before, after))
            self.assertEqual(refused.status, 400, after)

    def test_chunks(self) -> None:
        """The smaller of both sides' chunks is answered, and sent by (5.2.1.3)."""
        for ours, theirs, said, kept in (
            (500, "1024", 500, 500),
            (500, "500", 500, 500),
            (500, "100", 100, 100),
            (500, None, None, 0),
            (0, "100", None, 100),
        ):
            self.node.max_chunk = ours
            line = f"a=max-chunk-size: {theirs}\n" if theirs else ""
            offered = LARGE_MESSAGE.replace("a=max-chunk-size: 1024\n", line)
            answered = self.answer(offered)
            self.assertEqual(self.stream(answered.body).max_chunk_size, said)
            answered.begin()
            self.assertEqual(self.remote().max_chunk, kept * 1_000)

    def test_size(self) -> None:
        """What is announced is what the session takes (RFC 4975 8.5)."""
        self.answer(LARGE_MESSAGE, msgspec.structs.replace(LARGE, max_size=5_000))
        self.assertEqual(self.node.sessions[-1].max_size, 5_000)

    def test_no_room(self) -> None:
        """480 with Retry-After where no session is to be had."""
        self.node.room = False
        refused = self.refused(LARGE_MESSAGE)
        self.assertEqual(refused.status, 480)
        self.assertEqual(refused.headers, (("Retry-After", "5"),))

    def test_hold_in_the_offer(self) -> None:
        """A chat may begin on hold; nothing flows then (RFC 3264 8.4)."""
        offered = PLAIN_SESSION.replace("a=setup:actpass", "a=inactive\na=setup:active")
        self.assertIs(self.answer(offered, CHAT).direction, Direction.INACTIVE)


class Protection(MediaCase):
    """MSRP over TLS (RFC 4975 8.1, RFC 8122, TS 6.6)."""

    def setUp(self) -> None:
        super().setUp()
        self.node = Node(is_secure=True)
        self.media = Media(self.node, lambda: self.policy, lambda: 7)

    def secure(self, *lines: str) -> str:
        """The offer of a session over TLS with these lines."""
        more = "".join([f"a={each}\n" for each in lines])
        return SESSION.replace("a=setup", f"{more}a=setup")

    def test_fingerprints(self) -> None:
        """Ours is said, and theirs is told to who checks it."""
        answered = self.answer(
            self.secure("fingerprint:SHA-256 0a:Bc", "fingerprint:sha-1 4A:AD"), CHAT
        )
        answered.begin()
        self.assertEqual(self.remote().fingerprints, ("sha-256 0A:BC", "sha-1 4A:AD"))
        stream = self.stream(answered.body, 1)
        self.assertTrue(stream.is_secure)
        self.assertEqual(stream.fingerprints, ("sha-256 AB:CD",))

    def test_broken_fingerprint(self) -> None:
        """One that is none is 400."""
        refused = self.refused(self.secure("fingerprint:sha-256 4Z"), CHAT)
        self.assertEqual(refused.status, 400)

    def test_secure_node(self) -> None:
        """A node that listens with TLS takes nothing without."""
        self.assertEqual(self.refused(PLAIN_SESSION, CHAT).status, 488)

    def test_plain_node(self) -> None:
        """One that does not takes nothing with it."""
        self.media = Media(Node(), lambda: self.policy)
        self.assertEqual(self.refused(SESSION, CHAT).status, 488)

    def test_policy(self) -> None:
        """Policy may refuse TLS, or require it (TS 6.6)."""
        self.policy = Policy(media_protection="refuse")
        self.assertEqual(self.refused(SESSION, CHAT).status, 488)
        self.policy = Policy(media_protection="require")
        self.answer(SESSION, CHAT)
        self.node = Node()
        self.media = Media(self.node, lambda: self.policy)
        self.assertEqual(self.refused(PLAIN_SESSION, CHAT).status, 488)

    def test_policy_of_offers(self) -> None:
        """Nor is offered what policy does not have: in clear, or over TLS. [TS 6.6]"""
        for node, policy in (
            (Node(), Policy(media_protection="require")),
            (self.node, Policy(media_protection="refuse")),
        ):
            self.policy = policy
            media = Media(node, lambda: self.policy)
            work = Deferred.fromCoroutine(media.offer(SENT, Nobody()))
            error = self.failureResultOf(work, CannotInterwork).value
            self.assertEqual(error.status, 488)
            self.assertEqual(node.sessions, [])
        self.policy = Policy(media_protection="require")
        self.offer()

    def test_offer(self) -> None:
        """Our offer is over TLS with our fingerprint; so must the answer be."""
        offered = self.offer()
        stream = self.stream(offered.body)
        self.assertTrue(stream.is_secure)
        self.assertEqual(stream.fingerprints, ("sha-256 AB:CD",))
        error = self.assertRaises(CannotInterwork, offered.answered, octets(ANSWER))
        self.assertEqual(error.status, 488)
        secure = ANSWER.replace("TCP/MSRP", "TCP/TLS/MSRP").replace("msrp:", "msrps:")
        offered.answered(octets(secure))
        self.assertEqual(len(self.node.sessions[0].remotes), 1)


class Offers(MediaCase):
    """Streams that are offered (TS 6.2.2.2.3, conversation TS 7.2.1.2)."""

    def test_large_message(self) -> None:
        """sendonly, actpass, msrp-cema and the size (7.2.1.2 step 18)."""
        text = self.offer().body.decode().replace("\r\n", "\n")
        self.assertEqual(
            text,
            "v=0\no=- 7 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n"
            "m=message 2855 TCP/MSRP *\na=sendonly\na=accept-types:message/cpim\n"
            "a=accept-wrapped-types:text/plain\na=max-size:100000\n"
            "a=path:msrp://127.0.0.1:2855/s1;tcp\na=setup:actpass\na=msrp-cema\n"
            "a=max-chunk-size:1024\na=file-selector:size:1500\n",
        )

    def test_answered(self) -> None:
        """The answer begins the session: we connect unless it says active (5.2.1.2)."""
        for setup, active in (("passive", True), ("active", False), ("actpass", True)):
            offered = self.offer()
            more = "a=max-size:9000\na=max-chunk-size:500\n"
            offered.answered(
                octets(ANSWER.replace("a=setup:passive", f"a=setup:{setup}") + more)
            )
            self.assertEqual(
                self.remote(),
                Remote(
                    path=("msrp://10.0.0.9:7700/far;tcp",),
                    connect_to=("10.0.0.9", 7700),
                    active=active,
                    max_size=9_000,
                    max_chunk=500_000,
                ),
            )
            self.assertIs(offered.direction, Direction.SENDONLY)

    def test_no_setup(self) -> None:
        """An answer that says no role leaves us to connect; so does legacy matching."""
        offered = self.offer()
        text = ANSWER.replace("a=setup:passive\n", "").replace("a=msrp-cema\n", "")
        offered.answered(octets(text.replace("c=IN IP4 10.0.0.9", "c=IN IP4 10.0.0.1")))
        self.assertTrue(self.remote().active)
        self.assertTrue(self.remote().by_session_id)
        self.assertEqual(self.remote().connect_to, ("10.0.0.9", 7700))

    def test_answers_of_no_use(self) -> None:
        """488 where the stream was not taken, or has no room for the message."""
        for before, after in (
            ("m=message 7700", "m=message 0"),
            ("accept-types:message/cpim", "accept-types:text/plain"),
            ("a=setup", "a=accept-wrapped-types:image/png\na=setup"),
            ("a=path", "a=pith"),
            ("m=message 7700 TCP/MSRP *", "m=audio 7700 RTP/AVP 0"),
        ):
            offered = self.offer()
            self.assertIn(before, ANSWER)
            text = octets(ANSWER.replace(before, after))
            error = self.assertRaises(CannotInterwork, offered.answered, text)
            self.assertEqual(error.status, 488, after)
            self.assertEqual(self.node.sessions[-1].remotes, [])

    def test_unreadable_answers(self) -> None:
        """400 for what breaks the grammar, and for none at all."""
        for text in ("", "v=0\nm=x\n", ANSWER.replace("setup:passive", "setup:x")):
            error = self.assertRaises(
                CannotInterwork, self.offer().answered, octets(text)
            )
            self.assertEqual(error.status, 400)

    def test_direction(self) -> None:
        """One who answers inactive is sent nothing."""
        offered = self.offer()
        offered.answered(octets(ANSWER.replace("recvonly", "inactive")))
        self.assertIs(offered.direction, Direction.INACTIVE)

    def test_no_room(self) -> None:
        """480 where no session is to be had."""
        self.node.room = False
        work = Deferred.fromCoroutine(self.media.offer(SENT, Nobody()))
        error = self.failureResultOf(work, CannotInterwork).value
        self.assertEqual(error.status, 480)


class Modifications(MediaCase):
    """Another offer in the same call (RFC 3264 8, TS 6.1.5)."""

    def setUp(self) -> None:
        super().setUp()
        self.answered = self.answer(PLAIN_SESSION, CHAT)
        self.session = self.node.sessions[0]

    def modify(self, before: str = "", after: str = "") -> MediaStream:
        """The stream in the answer to a changed offer."""
        self.assertIn(before, PLAIN_SESSION)
        text = PLAIN_SESSION.replace(before, after) if before else PLAIN_SESSION
        return self.stream(self.answered.modify(octets(text)), 1)

    def test_the_same(self) -> None:
        """The same offer gets the same answer, one version on; nothing begins anew."""
        self.answered.begin()
        before = self.answered.body
        self.modify()
        self.assertEqual(
            self.answered.body, before.replace(b"o=- 7 1 IN", b"o=- 7 2 IN")
        )
        self.assertEqual(len(self.session.remotes), 1)

    def test_other_path(self) -> None:
        """Another path or address is begun with anew, once the first had been."""
        self.modify(":7654/s1", ":7654/s2")
        self.assertEqual(self.session.remotes, [])
        self.answered.begin()
        self.assertEqual(self.remote().path, ("msrp://[2001:db8::1]:7654/s2;tcp",))
        self.modify(":7654/s1", ":7654/s3")
        self.assertEqual(self.remote().path, ("msrp://[2001:db8::1]:7654/s3;tcp",))
        self.modify("m=message 7654", "m=message 7655")
        self.assertEqual(self.remote().connect_to, ("2001:db8::1", 7655))
        self.assertEqual(len(self.session.remotes), 3)

    def test_connection(self) -> None:
        """A connection that may stay stays; one that is to be new is (RFC 4145 5.1)."""
        self.answered.begin()
        stream = self.modify("a=setup", "a=connection:existing\na=setup")
        self.assertEqual(stream.get("connection"), "existing")
        self.assertEqual(len(self.session.remotes), 1)
        stream = self.modify("a=setup", "a=connection:new\na=setup")
        self.assertEqual(stream.get("connection"), "new")
        before, after = self.session.remotes
        number = before.connection + 1
        self.assertEqual(msgspec.structs.replace(before, connection=number), after)

    def test_sizes(self) -> None:
        """Other sizes count from then on, and nothing begins anew."""
        self.answered.begin()
        self.modify("a=setup", "a=max-size:5000\na=setup")
        before, after = self.session.remotes
        self.assertEqual(msgspec.structs.replace(before, max_size=5_000), after)

    def test_fingerprint(self) -> None:
        """Another certificate is another connection, be the place the same."""
        self.answered.begin()
        self.modify("a=setup", "a=fingerprint:sha-1 AA\na=setup")
        self.assertEqual(len(self.session.remotes), 2)

    def test_towards(self) -> None:
        """Which way an offer would let messages flow; it changes nothing."""
        before = self.answered.body
        held = PLAIN_SESSION.replace("a=setup", "a=inactive\na=setup")
        self.assertIs(self.answered.towards(octets(held)), Direction.INACTIVE)
        self.assertIs(self.answered.direction, Direction.SENDRECV)
        self.assertEqual(self.answered.body, before)

    def test_answer_to_a_refresh(self) -> None:
        """The answer to what we say again is as good as an offer (RFC 3264 8)."""
        offered = self.offer()
        offered.answered(octets(ANSWER))
        session = self.node.sessions[-1]
        offered.described(octets(ANSWER + "a=max-size:700\n"))
        self.assertEqual([each.max_size for each in session.remotes], [0, 700])
        offered.described(octets(ANSWER.replace("7700/far", "7700/moved")))
        self.assertEqual(
            [each.path[0].rpartition("/")[2] for each in session.remotes],
            ["far;tcp", "far;tcp", "moved;tcp"],
        )
        gone = octets(ANSWER.replace("m=message 7700", "m=message 0"))
        error = self.assertRaises(CannotInterwork, offered.described, gone)
        self.assertEqual(error.status, 488)
        self.assertEqual(len(session.remotes), 3)

    def test_hold(self) -> None:
        """Hold is obeyed, and its end (RFC 3264 8.4)."""
        self.answered.begin()
        stream = self.modify("a=setup", "a=sendonly\na=setup")
        self.assertIs(stream.direction, Direction.RECVONLY)
        self.assertFalse(self.answered.direction.sends)
        stream = self.modify("a=setup", "a=inactive\na=setup")
        self.assertIs(self.answered.direction, Direction.INACTIVE)
        self.modify()
        self.assertIs(self.answered.direction, Direction.SENDRECV)
        self.assertEqual(len(self.session.remotes), 1)

    def test_other_streams(self) -> None:
        """Streams that come to it are rejected."""
        more = "m=video 9 RTP/AVP 31\n"
        self.answered.modify(octets(PLAIN_SESSION + more))
        found = streams(parse_sdp(self.answered.body))
        self.assertEqual([each.media.port for each in found], [0, 2855, 0, 0])

    def test_gone(self) -> None:
        """488 where the stream is gone or fits no more; all is as before then.

        (TS 6.1.5 step 2)
        """
        self.answered.begin()
        before = self.answered.body, self.answered.stream
        for text in (
            PLAIN_SESSION.replace("m=message 7654", "m=message 0"),
            PLAIN_SESSION.replace("text/plain message", "image/png message"),
            "v=0\nm=audio 49170 RTP/AVP 0\n",
            SESSION,
        ):
            error = self.assertRaises(
                CannotInterwork, self.answered.modify, octets(text)
            )
            self.assertEqual(error.status, 488)
        self.assertEqual((self.answered.body, self.answered.stream), before)
        self.assertEqual(len(self.session.remotes), 1)

    def test_unreadable(self) -> None:
        """400 for what cannot be read, and all is as before."""
        before = self.answered.body
        for text in ("", PLAIN_SESSION.replace("setup:actpass", "setup:x")):
            error = self.assertRaises(
                CannotInterwork, self.answered.modify, octets(text)
            )
            self.assertEqual(error.status, 400)
        self.assertEqual(self.answered.body, before)

    def test_session_that_is_over(self) -> None:
        """488 for another path where MSRP is lost already."""
        self.answered.begin()
        self.answered.close()
        self.assertEqual(self.modify().media.port, 2855)
        text = octets(PLAIN_SESSION.replace(":7654/s1", ":7654/s2"))
        error = self.assertRaises(CannotInterwork, self.answered.modify, text)
        self.assertEqual(error.status, 488)

    def test_of_an_offer(self) -> None:
        """A stream that was offered by us may be described anew by the other side."""
        offered = self.offer()
        offered.answered(octets(ANSWER))
        body = offered.modify(
            octets(
                ANSWER.replace("setup:passive", "setup:actpass")
                + "a=accept-wrapped-types:*\n"
            )
        )
        stream = self.stream(body)
        self.assertIs(stream.direction, Direction.SENDONLY)
        self.assertIs(stream.setup, Setup.PASSIVE)

    def test_closed(self) -> None:
        """`close` ends the session."""
        self.answered.close()
        self.assertTrue(self.session.closed)


class Changes(MediaCase):
    """What was changed in a description (TS 6.1.5 step 1)."""

    def changes(self, before: str, after: str) -> frozenset[str]:
        """What a replacement in an offer changes."""
        self.assertIn(before, PLAIN_SESSION)
        one = self.stream(octets(PLAIN_SESSION), 1)
        other = self.stream(octets(PLAIN_SESSION.replace(before, after)), 1)
        return changed(one, other)

    def test_names(self) -> None:
        """Attributes by their names, lines by their letters; nothing is nothing."""
        for before, after, wanted in (
            ("a=setup", "a=setup", set()),
            ("m=message 7654", "m=message 7655", {"m"}),
            ("IP6 2001:db8::1", "IP6 2001:db8::2", {"c"}),
            (":7654/s1", ":7654/s2", {"path"}),
            ("a=setup:actpass\n", "a=inactive\n", {"setup", "direction"}),
            ("text/plain message", "image/png message", {"accept-wrapped-types"}),
            ("a=msrp-cema\n", "a=fingerprint:sha-1 AA\n", {"msrp-cema", "fingerprint"}),
        ):
            self.assertEqual(self.changes(before, after), wanted)

    def test_of_the_session(self) -> None:
        """What the session says of its streams counts, its times do not."""
        self.assertEqual(self.changes("t=0 0\n", "t=0 0\na=inactive\n"), {"direction"})
        self.assertEqual(self.changes("t=0 0\n", "t=1 2\n"), set())
