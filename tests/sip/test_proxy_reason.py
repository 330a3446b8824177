"""Why an INVITE was cancelled goes on with the CANCEL (RFC 3326)."""

from __future__ import annotations

from cpmgw.sip.message import Request
from tests.sip.endpoints import HOST
from tests.sip.proxies import InviteTestCase, originated

TIMER_C = 181.0


class ReasonTests(InviteTestCase):
    """A raw client and a raw server on both sides of the proxy."""

    ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'

    def reasons(self, *values: str, early: bool = False) -> list[str]:
        """What the far side is told where the client says this."""
        self.raw_server()
        self.peer = self.stub(5090)
        via = f"SIP/2.0/UDP {HOST}:5090;branch=z9hG4bKraw"
        invite = originated("INVITE", contact=f"<sip:alice@{HOST}:5090>")
        invite = invite.replace(headers=invite.headers.with_first("Via", via))
        headers = invite.headers.with_replaced("CSeq", "1 CANCEL")
        for value in values:
            headers = headers.with_added("Reason", value)
        cancel = Request("CANCEL", invite.uri, headers)
        for request in (invite, cancel):
            self.peer.transport.write(request.encode(), (HOST, 5060))
            self.reactor.settle()
            if request is invite and not early:
                self.says(180)
        if early:
            self.says(180)
        sent = self.far_stub.messages()[-1]
        assert isinstance(sent, Request)
        self.assertEqual("CANCEL", sent.method)
        self.says(487)
        return sent.headers.raw("Reason")

    def test_copied(self) -> None:
        """Every value goes on as it came, none where there is none."""
        both = (self.ELSEWHERE, "Q.850;cause=26")
        self.assertEqual(list(both), self.reasons(*both))

    def test_none(self) -> None:
        """Where the client gives none, none goes on."""
        self.assertEqual([], self.reasons())

    def test_waits(self) -> None:
        """It waits with its CANCEL for the server to be heard of."""
        self.assertEqual([self.ELSEWHERE], self.reasons(self.ELSEWHERE, early=True))

    def test_limit(self) -> None:
        """As long as it may be it goes on; longer, the CANCEL goes without it."""
        longest = self.ELSEWHERE + "x" * (512 - len(self.ELSEWHERE))
        self.assertEqual([longest], self.reasons(longest))

    def test_too_long(self) -> None:
        """All values together count."""
        self.assertEqual([], self.reasons("x" * 256, "y" * 257))

    def test_timer_c(self) -> None:
        """The CANCEL of Timer C gives no reason."""
        self.raw_server()
        self.invite()
        self.says(180)
        self.pump(TIMER_C + 1)
        cancel = self.far_stub.messages()[-1]
        self.assertEqual([], cancel.headers.raw("Reason"))
        self.says(487)
