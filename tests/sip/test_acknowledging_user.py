"""Whose ACK it is: the credentials of its INVITE (RFC 3261 22.1)."""

from __future__ import annotations

from typing import Any

import msgspec

from cpmgw.sip.credentials import parse_challenge
from cpmgw.sip.digest import Account, answer
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.message import Response
from tests.sip.endpoints import HOST, EndpointTestCase
from tests.sip.messages import request_octets

ALICE = Account("alice", "word")
# The life of a nonce, Timer C, and 64*T1.
LONGEST = 300.0 + 181.0 + 32.0


class UserTests(EndpointTestCase):
    """A raw client that was challenged, and an endpoint that serves ACK."""

    def setUp(self) -> None:
        super().setUp()
        self.peer = self.stub(5071)
        self.count = 0

    def serve(self, **options: Any) -> Endpoint:
        options.setdefault("trusted", ())
        endpoint = self.endpoint(users=(ALICE,), realm="r", **options)
        endpoint.serve("INVITE", self.accept)
        endpoint.serve("ACK", self.accept)
        return endpoint

    def send(self, method: str, *extra: str, **options: Any) -> None:
        self.count += 1
        options.setdefault("branch", f"z9hG4bK{self.count}")
        octets = request_octets(method, cseq=self.count, extra=extra, **options)
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()

    def credentials(
        self,
        account: Account = ALICE,
        *,
        method: str = "INVITE",
        algorithm: str = "SHA-256",
    ) -> str:
        """What answers a new challenge of the endpoint."""
        self.send("INVITE")
        challenged = self.peer.messages()[-1]
        assert isinstance(challenged, Response)
        found = map(parse_challenge, challenged.headers.raw("WWW-Authenticate"))
        (challenge,) = [one for one in found if one and one.algorithm == algorithm]
        given = answer(challenge, account, method=method, uri="sip:b@h", cnonce="c")
        return f"Authorization: {given}"

    def acknowledged(self, *extra: str) -> str:
        """Whose the endpoint says that an ACK with these headers is."""
        self.send("ACK", *extra, to_tag="b")
        self.assertEqual("ACK", self.handled[-1].request.method)
        return self.handled[-1].user

    def test_of_the_invite(self) -> None:
        """An ACK with the credentials of an accepted INVITE is of its user."""
        self.serve()
        for algorithm in ("SHA-256", "MD5"):
            given = self.credentials(algorithm=algorithm)
            self.send("INVITE", given)
            self.assertEqual("alice", self.handled[-1].user)
            for _ in range(2):
                self.assertEqual("alice", self.acknowledged(given))

    def test_spends_nothing(self) -> None:
        """An ACK spends no count: the INVITE that has it is let in after."""
        self.serve()
        given = self.credentials()
        self.assertEqual("alice", self.acknowledged(given))
        self.send("INVITE", given)
        self.assertEqual(("INVITE", "alice"), self.last())

    def last(self) -> tuple[str, str]:
        incoming = self.handled[-1]
        return incoming.request.method, incoming.user

    def test_of_nobody(self) -> None:
        """Without good credentials of an INVITE it is of nobody, and not answered."""
        self.serve()
        given = self.credentials()
        for extra in (
            (),
            (self.credentials(Account("alice", "wrong")),),
            (self.credentials(Account("bob", "word")),),
            (self.credentials(method="ACK"),),
            (given.replace('realm="r"', 'realm="other"'),),
            (given.replace('nonce="', 'nonce="0'),),
            (given.replace("qop=auth", "qop=auth-int"),),
            ("Authorization: Digest username",),
            ("Authorization: Basic YTpi",),
            ("Authorization: \xff",),
        ):
            before = len(self.peer.received)
            self.assertEqual("", self.acknowledged(*extra), extra)
            self.assertEqual(before, len(self.peer.received))

    def test_old(self) -> None:
        """The INVITE may have rung for long, but not for ever."""
        self.serve()
        given = self.credentials()
        self.reactor.advance(LONGEST - 1)
        self.assertEqual("alice", self.acknowledged(given))
        self.reactor.advance(2)
        self.assertEqual("", self.acknowledged(given))

    def test_trusted(self) -> None:
        """Of who is trusted no user is asked, nor where there are none."""
        endpoint = self.serve()
        given = self.credentials()
        for changed in ({"trusted": ("127.0.0.0/8",)}, {"users": ()}):
            settings = {"trusted": (), "users": (ALICE,)} | changed
            endpoint.update(msgspec.structs.replace(endpoint.settings, **settings))
            self.assertEqual("", self.acknowledged(given))
