"""The lab is the focus of a group (conversation TS 9.2), and tells who is in it."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.conference_info import (
    ConferenceDocument,
    ConferenceState,
    parse_conference_info,
)
from cpmgw.cpm.features import Feature, accept_contact
from cpmgw.lab.arrow import Arrow
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.sessions.conference import MOST, Member, document
from cpmgw.lab.sessions.group import Group
from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.interfaces import CallFailed
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri
from tests.lab.two_sides import ALICE, BOB, CAROL, TwoSides

MEMBERS = (Member(ALICE, "Alice"), Member(CAROL, "Carol & Co"))
DAVE = Member("tel:+15145550004", "Dave")
DELIVERED = ("delivery-notification", "delivered")


class GroupCase(TwoSides):
    """Alice and Carol in a group on the near side, Bob on the far one."""

    def setUp(self) -> None:
        super().setUp()
        self.group = self.near.group(MEMBERS, BOB, subject="Picnic")
        self.settle()
        self.addCleanup(self.group.close)

    def far_send(self, request: Request) -> Deferred[Response]:
        """Send something from the far side."""
        return self.sides[1].endpoint.request(request)


class GroupTests(GroupCase):
    def test_invite(self) -> None:
        """The INVITE is the focus's, on behalf of the first member (9.2.10)."""
        self.assertIs(self.successResultOf(self.group.established), self.group)
        headers = self.group.leg.request.headers
        entity = self.group.entity
        for name, value in (
            ("P-Asserted-Identity", f"<{entity}>"),
            ("Referred-By", f'"Alice" <{ALICE}>'),
            ("Subject", "Picnic"),
            (
                "P-Asserted-Service",
                "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session.group",
            ),
        ):
            self.assertEqual(headers.get(name), value, name)
        contact = headers.get("Contact") or ""
        self.assertTrue(contact.startswith(f"<{entity}>;"))
        self.assertTrue(contact.endswith(";isfocus"))

    def test_members_speak(self) -> None:
        """Each message says whose it is, and his notifications find him."""
        sent = [self.group.say(ALICE, "One"), self.group.say(CAROL, "Two")]
        self.settle()
        theirs = self.far.user(BOB).chats[0]
        self.assertEqual(theirs.texts, ["One", "Two"])
        self.assertEqual(
            [each.cpim.get("From") for each in theirs.inbox if each.cpim],
            [f'"Alice" <{ALICE}>', f'"Carol & Co" <{CAROL}>'],
        )
        self.assertEqual([each.status for each in sent], [200, 200])
        self.assertEqual([each.outcome for each in sent], [[DELIVERED]] * 2)
        for member, each in zip((ALICE, CAROL), sent, strict=True):
            (notification,) = self.near.user(member).notifications
            self.assertEqual(notification.message_id, each.message_id)

    def test_others_speak(self) -> None:
        """What comes is there for all members, each of whom notifies."""
        theirs = self.far.user(BOB).chats[0]
        sent = theirs.send("Hello all")
        self.settle()
        self.assertEqual(self.group.texts, ["Hello all"])
        for member in (ALICE, CAROL):
            self.assertEqual(self.near.user(member).texts, ["Hello all"])
        self.assertEqual(sent.outcome, [DELIVERED] * 2)

    def test_who_left_gets_nothing(self) -> None:
        """Who has left the group does not get what comes."""
        self.group.leave(CAROL)
        self.far.user(BOB).chats[0].send("Hello all")
        self.settle()
        self.assertEqual([each.uri for each in self.group.members], [ALICE])
        self.assertEqual(self.near.user(CAROL).texts, [])
        self.assertEqual(self.near.user(ALICE).texts, ["Hello all"])

    def test_closed(self) -> None:
        """A focus that ends the session says that it is gone (9.2.9)."""
        self.group.close()
        self.settle()
        theirs = self.far.user(BOB).chats[0]
        self.assertTrue(self.group.ended and theirs.ended)
        self.assertEqual(theirs.reasons, ['SIP;cause=410;text="Gone"'])

    def test_left(self) -> None:
        """The user elsewhere may leave."""
        self.far.user(BOB).chats[0].close()
        self.settle()
        self.assertTrue(self.group.ended)

    def test_declined(self) -> None:
        """Or decline."""
        self.far.behave(CpmBehaviour(status=603), BOB)
        group = self.near.group(MEMBERS, BOB)
        self.settle()
        failure = self.failureResultOf(group.established, CallFailed)
        self.assertEqual(failure.value.status, 603)


class SubscriptionTests(GroupCase):
    """Participant information: RFC 6665 4.2, RFC 4575, conversation TS 9.2.14."""

    def setUp(self) -> None:
        super().setUp()
        self.notified: list[Request] = []
        self.answer = 200
        self.sides[1].endpoint.serve("NOTIFY", self._take, in_dialog=True)
        self.request = self.subscription(self.group)
        self.dialog: Dialog | None = None

    async def _take(self, incoming: Incoming) -> Response:
        self.notified.append(incoming.request)
        return respond(incoming.request, self.answer)

    def subscription(self, group: Group, call_id: str = "sub-1") -> Request:
        """A SUBSCRIBE to who takes part in a group."""
        uri = parse_uri(group.entity)
        return originate(
            "SUBSCRIBE",
            uri,
            from_=NameAddr(parse_uri(BOB)).with_parameter("tag", "b"),
            to=NameAddr(uri),
            call_id=call_id,
            headers=(
                ("Contact", "<sip:iwf@127.0.0.1:5060>"),
                ("Event", "conference"),
                ("Expires", "600"),
                ("Accept-Contact", accept_contact(Feature.SESSION)),
            ),
        )

    def subscribe(self, request: Request | None = None) -> Response:
        """Send a SUBSCRIBE; its answer, when all rests."""
        pending = self.far_send(self.request if request is None else request)
        self.settle()
        self.network.advance(0)
        self.settle()
        response: Response = self.successResultOf(pending)
        if response.status == 200 and self.dialog is None:
            self.dialog = Dialog.of_client(self.request, response)
        return response

    def refresh(self, seconds: int) -> Response:
        """Send a SUBSCRIBE within the dialog."""
        assert self.dialog is not None
        fields = (
            ("Contact", "<sip:iwf@127.0.0.1:5060>"),
            ("Event", "conference"),
            ("Expires", str(seconds)),
        )
        return self.subscribe(self.dialog.request("SUBSCRIBE", fields))

    @property
    def states(self) -> list[str]:
        """The Subscription-State of each NOTIFY."""
        return [each.headers.get("Subscription-State") or "" for each in self.notified]

    def documents(self) -> list[ConferenceDocument]:
        """What the NOTIFYs told."""
        return [parse_conference_info(each.body) for each in self.notified]

    def present(self) -> list[tuple[str, str]]:
        """URI and name of who takes part, after the last document."""
        state = ConferenceState()
        for each in self.documents():
            state = state.updated(each) or state
        return [(user.entity, user.display_text) for user in state.present()]

    def test_first_notify(self) -> None:
        """A subscription is answered 200, and then told who takes part."""
        response = self.subscribe()
        self.assertEqual(response.headers.get("Expires"), "600")
        self.assertEqual(self.states, ["active;expires=600"])
        self.assertEqual(
            self.present(),
            [(ALICE, "Alice"), (CAROL, "Carol & Co"), (BOB, "")],
        )
        (told,) = self.documents()
        self.assertEqual((told.entity, told.subject), (self.group.entity, "Picnic"))
        self.assertEqual([user.own for user in told.users], [None, None, True])

    def test_changes(self) -> None:
        """Who joins and who leaves is told, in documents that count on."""
        self.subscribe()
        self.group.join(DAVE)
        self.settle()
        self.assertIn((DAVE.uri, "Dave"), self.present())
        self.group.leave(ALICE)
        self.settle()
        self.assertNotIn((ALICE, "Alice"), self.present())
        self.assertEqual([each.version for each in self.documents()], [0, 1, 2])

    def test_refresh(self) -> None:
        """A refresh is answered, and told of at once; then it lasts anew."""
        self.subscribe()
        self.network.advance(500)
        self.assertEqual(self.refresh(600).status, 200)
        self.network.advance(500)
        self.assertEqual(self.states, ["active;expires=600"] * 2)
        self.assertEqual(len(self.group.conference), 1)

    def test_expiry(self) -> None:
        """One that is not refreshed ends, and says so."""
        self.subscribe()
        self.network.advance(600)
        self.assertEqual(self.states[1:], ["terminated;reason=timeout"])
        self.assertEqual(len(self.group.conference), 0)

    def test_unsubscribe(self) -> None:
        """Expires 0 ends it, with a last NOTIFY."""
        self.subscribe()
        self.assertEqual(self.refresh(0).status, 200)
        self.assertEqual(self.states[1:], ["terminated;reason=timeout"])
        self.assertEqual(len(self.group.conference), 0)

    def test_end_of_the_session(self) -> None:
        """It ends with the session (9.2.14.4)."""
        self.subscribe()
        self.group.close()
        self.settle()
        self.assertEqual(self.states[1:], ["terminated;reason=noresource"])

    def test_refused_notify(self) -> None:
        """Who does not take a NOTIFY is not subscribed any more."""
        self.answer = 481
        self.subscribe()
        self.assertEqual(len(self.group.conference), 0)

    def test_unanswered_notify(self) -> None:
        """Nor is who does not answer it."""
        self.subscribe()
        self.sides[1].endpoint.serve("NOTIFY", self._silent, in_dialog=True)
        self.group.join(DAVE)
        self.network.advance(40)
        self.assertEqual(len(self.group.conference), 0)

    async def _silent(self, incoming: Incoming) -> Response:
        await Deferred[None]()
        raise AssertionError

    def test_strangers(self) -> None:
        """What is no subscription to a group here is refused."""
        other = self.request.replace(uri=parse_uri("sip:nobody@127.0.0.1:5070"))
        self.assertEqual(self.subscribe(other).status, 404)
        wrong = self.subscription(self.group, "sub-2")
        headers = wrong.headers.with_replaced("Event", "presence")
        self.assertEqual(self.subscribe(wrong.replace(headers=headers)).status, 489)
        self.assertEqual(self.states, [])

    def test_unknown_dialog(self) -> None:
        """A refresh of what there is not is answered 481."""
        self.subscribe()
        self.refresh(0)
        self.assertEqual(self.refresh(600).status, 481)

    def test_as_many_as_there_may_be(self) -> None:
        """There is room for so many subscriptions, and not for one more."""
        for number in range(MOST):
            request = self.subscription(self.group, f"sub-{number}")
            self.assertEqual(self.subscribe(request).status, 200)
        more = self.subscription(self.group, "sub-more")
        self.assertEqual(self.subscribe(more).status, 480)
        self.assertEqual(len(self.group.conference), MOST)

    def test_taps(self) -> None:
        """NOTIFYs are told with the names that they bring."""
        seen: list[Arrow] = []
        self.near.tap = seen.append
        self.subscribe()
        details: list[Any] = [arrow.details for arrow in seen if arrow.name == "NOTIFY"]
        self.assertIn("full: Alice, Carol & Co, …0002", details[0])


class DocumentTests(TwoSides):
    def test_markup_in_names(self) -> None:
        """Names and subjects are text, whatever is in them."""
        octets = document(
            "sip:x@y", "<&>", [Member("sip:a@b", '"<b>"')], own="", version=7
        )
        told = parse_conference_info(octets)
        self.assertEqual((told.subject, told.version), ("<&>", 7))
        self.assertEqual(told.users[0].display_text, '"<b>"')
