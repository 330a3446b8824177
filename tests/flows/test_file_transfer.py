"""TS 6.1.3 towards SMS, which has no file transfer."""

from __future__ import annotations

from cpmgw.cpm.features import Feature
from cpmgw.sip.message import Response
from tests.flows.dialog import invite, offer
from tests.flows.house import ALICE, BOB, House

AUDIO = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


class Files(House):
    def refusal(self, body: bytes | None = None) -> Response:
        """The answer to a file transfer."""
        body = offer("image/png") if body is None else body
        pending = self.lab.endpoint.request(
            invite(ALICE, BOB, feature=Feature.FILE, body=body)
        )
        self.settle()
        response: Response = self.successResultOf(pending)
        return response


class Rejected(Files):
    policy = 'file_transfer.accept = "reject"'

    def test_by_policy(self) -> None:
        """480 with Retry-After, for no fault of what is offered. [TS 6.1.3 step 6]"""
        refusal = self.refusal()
        self.assertEqual(refusal.status, 480)
        self.assertEqual(refusal.headers.raw("Retry-After"), ["5"])
        self.assertIn(
            "file transfers are rejected", refusal.headers.get("Warning") or ""
        )

    def test_what_is_offered_comes_first(self) -> None:
        """488 where no stream is acceptable, whatever policy says (6.1.3 step 1)."""
        self.assertEqual(self.refusal(AUDIO).status, 488)


class Accepted(Files):
    policy = 'file_transfer.accept = "accept"'

    def test_nobody_carries_it(self) -> None:
        """488 where files are taken, and no service is there that carries them."""
        self.assertEqual(self.refusal().status, 488)


class NoService(Files):
    profile = "rcs"

    def test_no_service_is_allowed(self) -> None:
        """488 where policy has no service for files at all (RCC.10 5.1)."""
        self.assertEqual(self.refusal().status, 488)
