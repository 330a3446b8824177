"""TS 6.1.4, 6.1.7, 6.2.2.1.6, 5.2: sessions of a group with an SMS user."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from tests.flows.chatting import NUMBER, POOL, Chatting
from tests.flows.dialog import IDS
from tests.flows.house import ALICE, BOB
from tests.flows.machine import Mortal
from tests.flows.messages import Talk
from tests.iwf.sms.chat.test_groups import users
from txsmpp.status import CommandStatus

CAROL = "tel:+15145550003"
GROUP = "sip:chess@127.0.0.1:5070"
INVITED = (*IDS, ("Referred-By", f"<{ALICE}>"), ("Subject", "Chess"))


class Groups(Chatting):
    """The focus of a group is at the CPM side; its members are subscribed to.

    A subscription without a NOTIFY ends at Timer N (RFC 6665 4.1.2.4).
    """

    grace = 33.0
    more = POOL
    policy = """
    session.inform_closed = "never"
    session.leave_instructions = "never"
    session.inform_invited = "never"
    """

    def setUp(self) -> None:
        super().setUp()
        self.subscribed: list[Request] = []
        self.notifies = 0
        self.lab.endpoint.serve("SUBSCRIBE", self._subscribe, in_dialog=True)

    async def _subscribe(self, incoming: Incoming) -> Response:
        self.subscribed.append(incoming.request)
        asked = incoming.request.headers.get("Expires") or ""
        if asked == "0":
            self.network.callLater(0, self.notify, b"", "terminated;reason=timeout")
        headers = (("Expires", asked), ("Contact", f"<{GROUP}>"))
        return respond(incoming.request, 200, headers=headers, to_tag="focus")

    def notify(self, body: bytes, state: str = "active") -> Deferred[Response]:
        """The focus notifies, along the route of the SUBSCRIBE."""
        first = self.subscribed[0]
        self.notifies += 1
        fields: list[tuple[str, str]] = [
            *(("Route", each) for each in first.headers.raw("Record-Route")),
            ("Contact", f"<{GROUP}>"),
            ("Event", "conference"),
            ("Subscription-State", state),
        ]
        if body:
            fields.append(("Content-Type", "application/conference-info+xml"))
        request = originate(
            "NOTIFY",
            first.headers.addresses("Contact")[0].uri,
            from_=NameAddr(first.to.uri).with_parameter("tag", "focus"),
            to=first.from_,
            call_id=first.call_id,
            cseq=self.notifies,
            headers=fields,
            body=body,
        )
        answer: Deferred[Response] = self.lab.endpoint.request(request)
        self.settle()
        return answer

    def joined(self, **details: Any) -> Talk:
        """A session of the group that stands."""
        return self.established(
            sender=GROUP,
            contact=f"<{GROUP}>",
            group=True,
            headers=INVITED,
            **details,
        )


class Messages(Groups):
    def test_both_ways(self) -> None:
        """The group has a number; messages name who wrote them.

        [TS 6.2.2.1.3 step 2]
        """
        talk = self.joined()
        assert talk.answer is not None
        self.assertEqual(talk.answer.headers.get("IW-Number"), f"tel:{NUMBER}")
        self.say(talk, "Hello", sender=CAROL)
        self.assertEqual(self.bob.texts, ["+15145550003: Hello"])
        self.assertEqual(self.bob.inbox[0].sender, NUMBER[1:])
        self.assertEqual(self.write("Hi all", target=NUMBER), CommandStatus.ESME_ROK)
        cpim = parse_cpim(talk.came[0][1])
        self.assertEqual((cpim.get("From"), talk.texts), (f"<{BOB}>", ["Hi all"]))

    def test_leave(self) -> None:
        """The user leaves the group, not those who are in it. [TS 6.1.6.2]"""
        talk = self.joined()
        self.write("leave", target=NUMBER)
        self.assertEqual(talk.reasons, ['SIP;cause=200;text="Call completed"'])

    def test_without_session(self) -> None:
        """After its end the group's number still leads to the group (5.2)."""
        talk = self.joined()
        talk.bye()
        self.settle()
        self.write("Hi", target=NUMBER)
        self.assertEqual(self.cpm.user(GROUP).texts, ["Hi"])


class Members(Groups):
    def test_told(self) -> None:
        """NOTIFY reaches the session by our route, and the handset. [TS 6.1.7]

        [TS 6.2.2.1.6]
        """
        self.joined()
        (subscribe,) = self.subscribed
        self.assertEqual(
            subscribe.headers.get("P-Asserted-Identity"),
            "<sip:CPM-IWF@ims.example.net>",
        )
        answer = self.successResultOf(self.notify(users(ALICE, BOB, CAROL)))
        self.assertEqual(answer.status, 200)
        self.settle()
        self.assertEqual(
            self.bob.texts, ['In the group "Chess": +15145550001, +15145550003.']
        )

    def test_unsubscribed(self) -> None:
        """With the session the subscription ends."""
        talk = self.joined()
        self.notify(users(ALICE))
        talk.bye()
        self.settle()
        self.assertEqual(self.subscribed[-1].headers.get("Expires"), "0")

    def test_no_focus(self) -> None:
        """A NOTIFY of a subscription that is over is answered 481."""
        talk = self.joined()
        self.notify(users(ALICE))
        talk.bye()
        self.network.advance(1)
        self.settle()
        answer = self.successResultOf(self.notify(users(ALICE, CAROL, version=2)))
        self.assertEqual(answer.status, 481)


class AskedOfAGroup(Groups):
    policy = """
    session.accept_group = "ask"
    session.inform_closed = "group"
    session.leave_instructions = "every"
    session.participant_information = false
    """

    def test_asked(self) -> None:
        """Asked, accepted, told how to leave, told of the end. [TS 6.1.4 step 8d]"""
        talk, pending = self.side.invite(
            sender=GROUP, contact=f"<{GROUP}>", group=True, headers=INVITED
        )
        self.write("yes", target=NUMBER)
        self.assertEqual(self.final(pending), 200)
        talk.establish()
        self.say(talk, "Hello", sender=CAROL)
        talk.bye()
        self.settle()
        self.assertEqual(
            self.bob.texts,
            [
                '+15145550001 invites you to the group "Chess". '
                "Answer yes to accept or no to decline.",
                "+15145550003: Hello\nSend leave to leave.",
                'The group "Chess" has been closed.',
            ],
        )


class Restarting(Groups, Mortal):
    def test_restart(self) -> None:
        """A group whose session is lost has its number still: it leads to the group."""
        talk = self.joined()
        self.restart()
        self.assertEqual(talk.send("BYE").status, 481)
        self.write("Hi", target=NUMBER)
        self.assertEqual(self.cpm.user(GROUP).texts, ["Hi"])

    def test_begun_again(self) -> None:
        """After a restart the group begins again, under the same number."""
        self.joined()
        self.restart()
        talk = self.joined()
        self.assertEqual(self.write("Hi", target=NUMBER), CommandStatus.ESME_ROK)
        self.assertEqual(talk.texts, ["Hi"])


class NoNumbers(Groups):
    more = ""

    def test_no_pool(self) -> None:
        """Without numbers to give there are no groups."""
        talk = self.side.call(
            sender=GROUP, contact=f"<{GROUP}>", group=True, headers=INVITED
        )
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)
