"""TS 5.1 steps 7a, 8, 12 and 13, and 5.2: a group session has a number of its own."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.headers import IW_NUMBER
from cpmgw.records import Allocation
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Response
from cpmgw.sip.uri import parse_uri
from tests.flows.dialog import IDS, RemoteIwf, invite
from tests.flows.house import ALICE, BOB, House
from tests.flows.outsider import Outsider

CAROL = "tel:+15145550003"
GROUP, OTHER_GROUP = "sip:group-1@focus.example.net", "sip:group-2@focus.example.net"
FOCUS, PLAIN = f"<{GROUP};gr=x>", "<sip:cf@127.0.0.1:5070>"
FIRST, SECOND = "tel:+15145559000", "tel:+15145559001"

MORE = """
[[iwf]]
name = "sms-sessions"
service = "SMS"
uri = "sip:127.0.0.1:5080"
kinds = ["session", "group"]
text_only = true

[[iwf]]
name = "mms"
service = "MMS"
uri = "sip:127.0.0.1:5081"
kinds = ["session", "group"]

[[number_pool]]
name = "groups"
numbers = ["+15145559000-+15145559001"]
services = ["SMS", "MMS"]
share = "{share}"
"""

# The two ways in which a session tells which group's it is (5.1 steps 7a.i and 8 a).
AS_FOCUS: dict[str, str] = {}
AS_SENDER = {"sender": OTHER_GROUP, "asserted": ALICE, "contact": PLAIN}


class Groups(House):
    """A house with two IWFs for sessions, and two interworking numbers."""

    share = "none"
    with_sms = False

    def setUp(self) -> None:
        self.more = MORE.format(share=self.share)
        self.calls = 0
        super().setUp()
        self.sms = RemoteIwf(self.network, 5080, "sms")
        self.mms = RemoteIwf(self.network, 5081, "mms")
        for iwf in (self.sms, self.mms):
            iwf.endpoint.startService()
            self.addCleanup(self._stop, iwf.endpoint)

    def invited(
        self,
        recipient: str = BOB,
        *,
        uri: str = "",
        sender: str = ALICE,
        asserted: str = "",
        **details: Any,
    ) -> Response:
        """The answer to an invitation into a group session.

        `uri` is a Request-URI other than To. With `asserted`, an identity beside From,
        the Contact does not tell of a focus any more.
        """
        self.calls += 1
        details.setdefault("contact", FOCUS)
        details.setdefault("group", True)
        request = invite(sender, recipient, call_id=f"call-{self.calls}", **details)
        if uri:
            request = request.replace(uri=parse_uri(uri))
        if asserted:
            contact = (request.headers.get("Contact") or "").replace(";isfocus", "")
            headers = request.headers.with_replaced("Contact", contact).with_replaced(
                "P-Asserted-Identity", f"<{asserted}>"
            )
            request = request.replace(headers=headers)
        pending = self.lab.endpoint.request(request)
        self.settle()
        response: Response = self.successResultOf(pending)
        return response

    def exhausted(self) -> Response:
        """The answer to an invitation for which no number is left."""
        for number in range(2):
            self.invited(headers=(IDS[0], ("Contribution-ID", str(number))))
        return self.invited(headers=(IDS[0], ("Contribution-ID", "third")))

    def allocations(self) -> list[Allocation]:
        """What the store has."""
        listed = self.gateway.store.numbers.allocations()
        found: list[Allocation] = self.network.result_of(listed, grace=1.0)
        return found


class Numbers(Groups):
    def test_step_7a_vi_allocated(self) -> None:
        """7a.vi. A number is allocated, and given to the IWF in IW-Number.

        [TS 5.1 step 7a.vi] [TS 5.1 step 7a.vi.1]
        """
        self.assertEqual(self.invited().status, 200)
        self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [FIRST])
        (allocation,) = self.allocations()
        session = allocation.group_session
        self.assertEqual(allocation.number, FIRST[4:])
        self.assertEqual(session.user, BOB[4:])
        self.assertEqual(session.conversation_id, IDS[0][1])
        self.assertEqual(session.contribution_id, IDS[1][1])
        self.assertIn("group-1@focus.example.net", session.session)

    def test_step_7a_vii_asserted(self) -> None:
        """7a.vii. The number is the asserted identity. [TS 5.1 step 7a.vii]"""
        self.invited()
        self.assertEqual(
            self.sms.last.headers.raw("P-Asserted-Identity"), [f"<{FIRST}>"]
        )

    def test_step_7a_v_found_again(self) -> None:
        """7a.v. The session that comes again has its number. [TS 5.1 step 7a.v]

        [TS 5.1 step 7a.v.1]
        """
        self.invited()
        self.invited()
        self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [FIRST])
        self.assertEqual(len(self.allocations()), 1)

    def test_5_2_association(self) -> None:
        """5.2. Another user, conversation, contribution or session has another number.

        [TS 5.2 a] [TS 5.2 b] [TS 5.2 c] [TS 5.2 d]
        """
        conversation, contribution = IDS
        for details in (
            {"recipient": CAROL},
            {"headers": (("Conversation-ID", "other"), contribution)},
            {"headers": (conversation, ("Contribution-ID", "other"))},
            {"contact": "<sip:group-2@focus.example.net;gr=x>"},
        ):
            with self.subTest(details):
                self.invited()
                self.invited(**details)
                self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [SECOND])
                for each in self.allocations():
                    released = self.gateway.store.numbers.release(each.group_session)
                    self.network.result_of(released, grace=1.0)

    def test_5_2_after_a_restart(self) -> None:
        """5.2. The association outlives the process."""
        self.invited()
        self._stop(self.gateway)
        self.gateway = self.start_gateway()
        self.invited(recipient=CAROL)
        self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [SECOND])
        self.invited()
        self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [FIRST])

    def test_step_7a_iii_recipient(self) -> None:
        """7a.iii, 8 c. The user is the Request-URI's, whoever stands in To.

        [TS 5.1 step 7a.iii] [TS 5.1 step 8c]
        """
        for number, details in enumerate((AS_FOCUS, AS_SENDER)):
            self.invited(uri=BOB, recipient=CAROL, **details)
            user = self.allocations()[number].group_session.user
            self.assertEqual(user, BOB[4:])

    def test_step_7a_iii_recipient_without_a_number(self) -> None:
        """7a.iii, 8 c. A To with a number is no substitute for the Request-URI.

        [TS 5.1 step 7a.iii] [TS 5.1 step 8c]
        """
        for uri in ("sip:carol@x.example", "sip:ims.example.net"):
            for details in (AS_FOCUS, AS_SENDER):
                response = self.invited(uri=uri, recipient=BOB, **details)
                self.assertGreaterEqual(response.status, 400)
        self.assertEqual(self.allocations(), [])
        self.assertEqual(self.sms.requests + self.mms.requests, [])

    def test_exhaustion(self) -> None:
        """11 d. No number is free for any service: 488, and each try is counted."""
        self.assertEqual(self.exhausted().status, 488)
        refused = self.gateway.traffic.refused
        self.assertEqual(refused[480, "no-interworking-number"], 2)

    def test_step_12_added(self) -> None:
        """12. IW-Number is added to the 200 that lacks it. [TS 5.1 step 12]"""
        self.assertEqual(self.invited().headers.raw(IW_NUMBER), [FIRST])

    def test_step_12_repeated(self) -> None:
        """12. The 200 that comes again as nobody acknowledges it has it too."""
        silent = Outsider(self.network)
        silent.ask(invite(ALICE, BOB, contact=FOCUS, group=True))
        self.settle()
        self.sms.repeat()
        self.settle()
        self.assertEqual(len(silent.answers), 2)
        for each in silent.answers:
            self.assertEqual(each.headers.raw(IW_NUMBER), [FIRST])

    def test_step_12_preserved(self) -> None:
        """12. The IW-Number of the IWF's 200 is preserved. [TS 5.1 step 12]"""

        def answer(incoming: Incoming) -> Response:
            response = self.sms.response(incoming.request, 200)
            headers = response.headers.with_added(IW_NUMBER, "tel:+15145550099")
            return response.replace(headers=headers)

        self.sms.answer = answer
        self.assertEqual(self.invited().headers.raw(IW_NUMBER), ["tel:+15145550099"])

    def test_step_13_released(self) -> None:
        """13. A 408 releases the number given for this INVITE. [TS 5.1 step 13]"""
        self.sms.answer = 408
        response = self.invited()
        self.assertEqual(response.status, 408)
        self.assertEqual(response.headers.raw(IW_NUMBER), [])
        self.assertEqual(self.allocations(), [])

    def test_step_13_kept(self) -> None:
        """13. A 408 for a session that had its number before releases nothing."""
        self.invited()
        self.sms.answer = 408
        self.invited()
        self.assertEqual(len(self.allocations()), 1)

    def test_step_13_other_failures(self) -> None:
        """13. Another failure keeps the number, unless policy says otherwise."""
        self.sms.answer = self.mms.answer = 480
        self.assertEqual(self.invited().status, 488)
        self.assertEqual(len(self.allocations()), 1)

    def test_step_13_cancelled(self) -> None:
        """An INVITE that is cancelled before it is handed over leaves no number."""
        numbers, turn = self.gateway.store.numbers, Deferred[None]()
        allocate = numbers.allocate

        def slowly(*given: Any) -> Deferred[Any]:
            return allocate(*given).addCallback(
                lambda found: turn.addCallback(lambda _: found)
            )

        self.patch(numbers, "allocate", slowly)
        request = invite(ALICE, BOB, contact=FOCUS, group=True)
        pending = self.lab.endpoint.request(request)
        self.settle()
        self.network.advance(0.2)  # the 100: before it nothing can be cancelled
        self.assertEqual(len(self.allocations()), 1)
        self.lab.endpoint.cancel(pending)
        self.settle()
        turn.callback(None)
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(self.sms.requests, [])
        self.assertEqual(self.allocations(), [])

    def test_reselection_keeps_the_number(self) -> None:
        """The number is the session's, whichever service carries it."""
        self.sms.answer = 480
        self.assertEqual(self.invited().status, 200)
        self.assertEqual(self.mms.last.headers.raw(IW_NUMBER), [FIRST])
        self.assertEqual(len(self.allocations()), 1)

    def test_session_of_two(self) -> None:
        """A session of two has none."""
        answer = self.invited(group=False, contact="<sip:pf@127.0.0.1:5070>")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [])
        self.assertEqual(
            self.sms.last.headers.raw("P-Asserted-Identity"), [f"<{ALICE}>"]
        )

    def test_step_3_group_without_a_number(self) -> None:
        """3. The group needs no number of its own: it is assigned one."""
        group = "sip:group-1@focus.example.net"
        headers = (*IDS, ("P-Asserted-Identity", f"<{group}>"))
        self.assertEqual(self.invited(headers=headers).status, 200)

    def test_without_identifiers(self) -> None:
        """An invitation that lacks what identifies the session: 400."""
        response = self.invited(headers=())
        self.assertEqual(response.status, 400)
        self.assertEqual(self.allocations(), [])


class FromTheSender(Groups):
    """8. Without a focus in Contact the session is known by its From."""

    def of(self, group: str = GROUP) -> Response:
        """The answer to an invitation from this group; Alice is asserted beside it."""
        response = self.invited(sender=group, asserted=ALICE, contact=PLAIN)
        self.assertEqual(response.status, 200)
        return response

    def test_step_8f_allocated(self) -> None:
        """8 f. A number is allocated, and given to the IWF in IW-Number.

        [TS 5.1 step 8a] [TS 5.1 step 8f]
        """
        self.assertEqual(self.of().headers.raw(IW_NUMBER), [FIRST])
        self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [FIRST])
        (allocation,) = self.allocations()
        self.assertEqual(allocation.group_session.session, GROUP)

    def test_step_8g_asserted(self) -> None:
        """8 g. The number takes the place of what was asserted. [TS 5.1 step 8g]"""
        self.of()
        self.assertEqual(
            self.sms.last.headers.raw("P-Asserted-Identity"), [f"<{FIRST}>"]
        )

    def test_step_8e_found_again(self) -> None:
        """8 e. The session that comes again has its number, another has its own.

        [TS 5.1 step 8e]
        """
        for group, number in ((GROUP, FIRST), (OTHER_GROUP, SECOND), (GROUP, FIRST)):
            self.of(group)
            self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [number])
        self.assertEqual(len(self.allocations()), 2)


class Exhausted(Groups):
    policy = 'retry_after = 77\nselection.reselection = "never"'

    def test_exhaustion(self) -> None:
        """No number is free: 480 with a Warning and Retry-After, counted."""
        response = self.exhausted()
        self.assertEqual(response.status, 480)
        self.assertIn("number", response.headers.get("Warning") or "")
        self.assertEqual(response.headers.raw("Retry-After"), ["77"])
        refused = self.gateway.traffic.refused
        self.assertEqual(refused[480, "no-interworking-number"], 1)


class Failure(Groups):
    policy = 'selection.release_number = "failure"\nselection.reselection = "never"'

    def test_any_failure(self) -> None:
        """By policy every failure releases what was given for the INVITE."""
        self.sms.answer = 480
        self.assertEqual(self.invited().status, 480)
        self.assertEqual(self.allocations(), [])

    def test_success(self) -> None:
        """A success does not."""
        self.invited()
        self.assertEqual(len(self.allocations()), 1)


class Shared(Groups):
    share = "user"

    def test_same_number_for_another_user(self) -> None:
        """Where numbers are shared, users do not compete for them."""
        self.invited()
        self.invited(recipient=CAROL)
        self.assertEqual(self.sms.last.headers.raw(IW_NUMBER), [FIRST])
        self.assertEqual(len(self.allocations()), 2)


class NoPool(House):
    more = """
[[iwf]]
name = "mms"
service = "MMS"
uri = "sip:127.0.0.1:5081"
"""

    def test_no_pool(self) -> None:
        """Without numbers a group session is not interworked: 488."""
        request = invite(ALICE, BOB, contact=FOCUS, group=True)
        pending = self.lab.endpoint.request(request)
        self.settle()
        response: Response = self.successResultOf(pending)
        self.assertEqual(response.status, 488)
        self.assertIn("numbers", response.headers.get("Warning") or "")


class Rcs(Groups):
    profile = "rcs"

    def test_no_groups(self) -> None:
        """RCS interworks no group sessions: 488, and no number is taken.

        [RCC.10 4 unsupported 3] [RCC.10 5.2]
        """
        self.assertEqual(self.invited().status, 488)
        self.assertEqual(self.allocations(), [])
