"""Other IWFs, numbers and preferences while dialogs and look-ups are under way."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.cpm.headers import IW_NUMBER
from cpmgw.lab.xdms import Xdms, XdmsBehaviour
from cpmgw.sip.message import Response
from tests.flows.dialog import invite, within
from tests.flows.house import ALICE, BOB
from tests.flows.reloading import IWF, POOL, WithIwfs
from tests.isf.xdms.policies import action, document, rule

FOCUS = "<sip:group-1@focus.example.net;gr=x>"
XDMS = '[xdms]\nroot = "http://127.0.0.1:8090/services"\n'


class Dialogs(WithIwfs):
    """Dialogs with IWFs on other hosts."""

    def test_iwf_that_is_removed(self) -> None:
        """A dialog goes on in both directions when its IWF is there no longer."""
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        self.assertEqual(self.reload(more="").changed, ("iwf[mms]",))
        self.lab.endpoint.acknowledge(within("ACK", first, answer, 1))
        self.settle()
        self.assertEqual(len(self.iwf.acknowledged), 1)
        self.assertEqual(self.answer(within("INFO", first, answer, 2)).status, 200)
        bye = within("BYE", self.iwf.requests[0], answer, 1, caller=False)
        ended = self.iwf.endpoint.request(bye)
        self.settle()
        self.assertEqual(self.successResultOf(ended).status, 200)
        self.assertEqual(len(self.from_iwf), 1)
        refused = self.answer(invite(ALICE, BOB, call_id="second"))
        self.assertEqual(refused.status, 488)

    def test_invite_under_way(self) -> None:
        """An INVITE that rings at an IWF meanwhile is answered by it."""
        turn: Deferred[Response] = Deferred()
        self.iwf.answer = lambda incoming: turn
        pending = self.lab.endpoint.request(invite(ALICE, BOB))
        self.settle()
        self.reload(more="")
        turn.callback(self.iwf.response(self.iwf.last, 200))
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 200)

    def test_invite_that_is_refused(self) -> None:
        """One that fails meanwhile is tried by those that there were when it came."""
        self.more += IWF.format("second", 5081)
        self.reload()
        turn: Deferred[Response] = Deferred()
        self.iwf.answer = lambda incoming: turn
        pending = self.lab.endpoint.request(invite(ALICE, BOB))
        self.settle()
        self.reload(more="")
        turn.callback(self.iwf.response(self.iwf.last, 503))
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 200)
        self.assertEqual(len(self.other.received), 1)

    def test_iwf_that_moves(self) -> None:
        """New dialogs go to the new place, those that there are stay where they are."""
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        found = self.reload(more=IWF.format("mms", 5081))
        self.assertEqual(found.changed, ("iwf[mms].uri",))
        self.assertEqual(self.answer(invite(ALICE, BOB, call_id="two")).status, 200)
        self.assertEqual(len(self.other.received), 1)
        self.assertEqual(self.answer(within("BYE", first, answer, 2)).status, 200)
        self.assertEqual(self.iwf.last.method, "BYE")

    def test_iwf_that_is_added(self) -> None:
        """Another one takes what the first does not."""
        self.reload(more=self.more + IWF.format("second", 5081))
        self.iwf.answer = 503
        self.assertEqual(self.answer(invite(ALICE, BOB)).status, 200)
        self.assertEqual(len(self.other.received), 1)


class Numbers(WithIwfs):
    """Pools of interworking numbers."""

    calls = 0

    def invited(self, name: str) -> Response:
        """The answer to an invitation into a group session of this name."""
        self.calls += 1
        ids = (("Conversation-ID", name), ("Contribution-ID", name))
        request = invite(
            *(ALICE, BOB),
            call_id=f"call-{self.calls}",
            contact=FOCUS,
            group=True,
            headers=ids,
        )
        return self.answer(request)

    def test_pools(self) -> None:
        """A pool that comes is given from; what was given stays when it goes."""
        self.assertEqual(self.invited("one").status, 488)
        iwf = self.more
        self.reload(more=iwf + POOL.format("first", "+15145559000"))
        self.assertEqual(self.invited("two").status, 200)
        number = self.iwf.last.headers.raw(IW_NUMBER)
        self.assertEqual(number, ["tel:+15145559000"])
        self.assertEqual(self.invited("three").status, 480)
        self.reload(more=iwf + POOL.format("second", "+15145559001"))
        self.assertEqual(self.invited("three").status, 200)
        self.assertEqual(self.iwf.last.headers.raw(IW_NUMBER), ["tel:+15145559001"])
        self.assertEqual(self.invited("two").status, 200)
        self.assertEqual(self.iwf.last.headers.raw(IW_NUMBER), number)

    def test_retry_after(self) -> None:
        """A refusal for want of a number tells the new time."""
        pool = POOL.format("first", "+15145559000")
        self.reload(more=self.more + pool, policy="retry_after = 77")
        self.invited("one")
        refused = self.invited("two")
        self.assertEqual(refused.headers.get("Retry-After"), "77")

    def test_use(self) -> None:
        """How much is in use is looked at soon after."""
        self.reload(more=self.more + POOL.format("first", "+15145559000"))
        self.invited("one")
        self.pass_time(15)
        (use,) = self.gateway.pool_use
        self.assertEqual((use.pool, use.numbers, use.taken), ("first", 1, 1))
        self.reload(more=IWF.format("mms", 5080))
        self.pass_time(15)
        self.assertEqual([each.pool for each in self.gateway.pool_use], [""])


class Preferences(WithIwfs):
    """Where users say what they prefer."""

    def setUp(self) -> None:
        super().setUp()
        self.xdms = Xdms(self.network)
        self.xdms.start(8090)
        self.addCleanup(self.xdms.stop)
        self.xdms.put(BOB, document(rule("", action("MMS"))))

    def chosen(self) -> str:
        """The service by which a text goes."""
        before = len(self.iwf.received)
        self.assertIn(self.send(text="Hello").status, (200, 202))
        return "MMS" if len(self.iwf.received) > before else "SMS"

    def test_comes_and_goes(self) -> None:
        """Preferences count as long as there is an XDMS."""
        iwf = self.more
        self.assertEqual(self.chosen(), "SMS")
        self.reload(more=iwf + XDMS)
        self.assertEqual(self.chosen(), "MMS")
        self.reload(more=iwf)
        self.assertEqual(self.chosen(), "SMS")
        self.assertEqual(len(self.xdms.requests), 1)

    def test_look_up_under_way(self) -> None:
        """A message that waits for an answer gets it; then nobody asks there again."""
        iwf = self.more
        self.reload(more=iwf + XDMS)
        self.xdms.behaviour = XdmsBehaviour(delay=1.5)
        sent = self.send(text="Hello")
        self.reload(more=iwf)
        self.network.advance(1.6)
        self.settle()
        self.assertEqual(sent.status, 200)
        self.assertEqual(len(self.iwf.received), 1)
        self.network.advance(1.0)
        self.settle()
        self.assertEqual(len(self.gateway._leaving), 0)

    def test_silent(self) -> None:
        """One that does not answer is let go of in time, and does not keep a stop."""
        iwf = self.more
        self.reload(more=iwf + XDMS)
        self.xdms.behaviour = XdmsBehaviour(silent=True)
        self.send(text="Hello")
        self.reload(more=iwf)
        self.assertEqual(len(self.gateway._leaving), 1)
        self.network.advance(5.0)
        self.settle()
        self.assertEqual(len(self.gateway._leaving), 0)

    def test_stop(self) -> None:
        """A gateway that stops does not wait for what is leaving."""
        iwf = self.more
        self.reload(more=iwf + XDMS)
        self.reload(more=iwf)
        self.assertEqual(len(self.gateway._leaving), 1)
        self._stop(self.gateway)
        self.assertEqual(len(self.gateway._leaving), 0)
