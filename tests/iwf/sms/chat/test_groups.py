"""Sessions with groups (TS 6.1.4, 6.1.7, 6.2.2.1.3 step 2, 6.2.2.1.6)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.cpm.chat_content import read_chat
from cpmgw.cpm.conference_info import MEDIA_TYPE
from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.cpm.imdn import Disposition
from cpmgw.cpm.resource_lists import Entry
from cpmgw.policy.sms import SmsPolicy
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from tests.flows.dialog import IDS, invite
from tests.iwf.sessions.invites import FOCUS, NUMBER, here, with_history
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from txsmpp.status import CommandStatus

CAROL, DAVE = "tel:+15145550003", "tel:+15145550004"


def users(*entities: str, version: int = 1, state: str = "full") -> bytes:
    """A conference-info document of these users."""
    entries = "".join(
        f'<user entity="{each}"><endpoint entity="{each}"><status>connected</status>'
        "</endpoint></user>"
        for each in entities
    )
    return (
        '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" '
        f'entity="{FOCUS}" state="{state}" version="{version}">'
        f"<conference-description><subject>Chess</subject></conference-description>"
        f'<users state="{state}">{entries}</users></conference-info>'
    ).encode()


class Groups(Room):
    """A group whose members nobody asks for."""

    session = {
        "participant_information": False,
        "leave_instructions": "never",
        "inform_closed": "never",
    }

    def test_informed(self) -> None:
        """The user is told who invites, and of which group.

        [TS 6.2.2.1.3 step 2]
        """
        request = here(("Subject", "Chess"))
        answer = self.establish(request)
        self.assertEqual(
            self.link.texts, ['+15145550001 has added you to the group "Chess".']
        )
        (sent,) = self.link.submitted
        self.assertEqual(sent.source_addr, NUMBER[1:])
        self.assertEqual(answer.headers.get("IW-Number"), f"tel:{NUMBER}")

    def test_without_number(self) -> None:
        """Without an IW-Number there is no way back: refused for now."""
        answer = self.invite(here(headers=IDS))
        self.assertEqual(answer.status, 480)

    def test_message_to_the_user(self) -> None:
        """A message names its author, from CPIM From (Table 7)."""
        self.establish(here())
        self.say("Hello", sender=CAROL)
        self.assertEqual(self.link.texts[1:], ["+15145550003: Hello"])
        self.assertEqual(self.link.submitted[1].source_addr, NUMBER[1:])

    def test_context(self) -> None:
        """What is asked for is told to the author, by name (TS 6.2.4)."""
        self.establish(here())
        self.say("Hello", Disposition.POSITIVE_DELIVERY, sender=CAROL)
        (message,) = self.store.messages
        self.assertEqual(message.context.originator, CAROL)
        self.assertFalse(message.context.anonymous)

    def test_author_of_no_address(self) -> None:
        """Of an author whom nothing can be sent to, the group is told."""
        self.establish(here())
        for sender in ("nonsense", "mailto:carol@example.net"):
            self.say(
                "Hi",
                Disposition.POSITIVE_DELIVERY,
                sender=sender,
                message_id=sender,
            )
        found = [each.context.originator for each in self.store.messages]
        self.assertEqual(found, [FOCUS, FOCUS])

    def test_same_identifier_of_two(self) -> None:
        """Two authors may use the same identifier."""
        self.establish(here())
        self.say("Hello", sender=CAROL)
        self.say("Hello", sender=DAVE)
        self.say("Hello", sender=CAROL)
        self.assertEqual(len(self.link.texts), 3)

    def test_message_of_the_user(self) -> None:
        """What the user writes names user and group (6.2.2.2.2 step 2)."""
        self.establish(here())
        self.assertEqual(self.taken("Hi all", target=NUMBER), CommandStatus.ESME_ROK)
        octets = self.stream.sent[0][1]
        cpim = parse_cpim(octets)
        self.assertEqual(cpim.get("From"), f"<{BOB}>")
        self.assertEqual(cpim.get("To"), f"<{FOCUS}>")
        self.assertEqual(read_chat("message/cpim", octets).text, "Hi all")

    def test_leave(self) -> None:
        """The user leaves the group (6.2.2.2.4)."""
        self.establish(here())
        self.taken("leave", target=NUMBER)
        (bye,) = self.byes
        self.assertEqual(str(bye.uri), FOCUS)
        self.assertEqual(len(self.chats), 0)

    def test_begun_again(self) -> None:
        """A group that begins again replaces what there was, however policy is."""
        self.change(second_invitation="separate", sender="number")
        self.establish(here())
        self.establish(here(call_id="2"))
        self.assertEqual((len(self.byes), len(self.chats)), (1, 1))

    def test_too_early(self) -> None:
        """While the first is not established it is 600."""
        self.invite(here())
        self.assertEqual(self.answer(here(call_id="2")).status, 600)


class AskingByTheCentre(Room):
    """The SM-SC holds a text for invitations, which names nobody."""

    session = {"accept": "ask", "accept_group": "ask", "participant_information": False}
    policy = {"sms": SmsPolicy(invitation_text=7)}

    def test_of_two(self) -> None:
        """In a session of two it comes from the inviter's own number (Table 4)."""
        pending = self.ask(invite(ALICE, BOB))
        (sent,) = self.link.submitted
        self.assertEqual((sent.short_message, sent.sm_default_msg_id), (b"", 7))  # type: ignore[union-attr]
        self.taken("no")
        self.successResultOf(pending)

    def test_of_a_group(self) -> None:
        """A group's is ours: it says who invites to which. [TS 6.2.2.1.3 step 2]"""
        pending = self.ask(here())
        (sent,) = self.link.submitted
        self.assertEqual(sent.sm_default_msg_id, 0)  # type: ignore[union-attr]
        self.assertIn("+15145550001 invites you", self.link.texts[0] or "")
        self.taken("no", target=NUMBER)
        self.successResultOf(pending)


class AskingOfAGroup(Room):
    session = {"accept_group": "ask", "participant_information": False}

    def test_question(self) -> None:
        """Inviter, group and who is invited too stand in the question.

        [TS 6.1.4 step 8a]
        """
        request = with_history(here(("Subject", "Chess")), Entry(CAROL))
        pending = self.ask(request)
        self.assertEqual(
            self.link.texts,
            [
                '+15145550001 invites you to the group "Chess" (+15145550003). '
                "Answer yes to accept or no to decline."
            ],
        )
        self.assertEqual(self.passed_on("yes"), ALICE)
        self.taken("yes", target=NUMBER)
        self.assertEqual(self.successResultOf(pending).status, 200)

    def test_other_words(self) -> None:
        """What is no answer goes to the group."""
        pending = self.ask(here())
        self.assertEqual(self.passed_on("Who?", target=NUMBER), FOCUS)
        self.taken("no", target=NUMBER)
        self.assertEqual(self.successResultOf(pending).status, 603)


class Closed(Room):
    session = {"participant_information": False, "inform_invited": "never"}

    def test_closed(self) -> None:
        """The user is told that the group was closed (Table 6)."""
        self.within("BYE", self.establish(here(("Subject", "Chess"))))
        self.assertEqual(self.link.texts, ['The group "Chess" has been closed.'])


class Members(Room):
    """Participant information (6.1.7)."""

    session = {
        "inform_invited": "never",
        "inform_closed": "never",
        "leave_instructions": "never",
        "participant_interval": 60,
        "idle_timeout": 0,
    }

    def setUp(self) -> None:
        super().setUp()
        self.subscribed: list[Request] = []
        self.peer.serve("SUBSCRIBE", self._subscribe, in_dialog=True)
        self.notifies = 0
        self.established = self.establish(here())

    async def _subscribe(self, incoming: Incoming) -> Response:
        self.subscribed.append(incoming.request)
        asked = incoming.request.headers.get("Expires") or "0"
        if asked == "0":
            self.network.callLater(0, self.notify, b"", "terminated;reason=timeout")
        headers = (("Expires", asked), ("Contact", f"<{FOCUS}>"))
        return respond(incoming.request, 200, headers=headers, to_tag="focus")

    def notify(
        self, body: bytes, state: str = "active;expires=3600", kind: str = MEDIA_TYPE
    ) -> Deferred[Response]:
        """The focus notifies."""
        first = self.subscribed[0]
        self.notifies += 1
        request = originate(
            "NOTIFY",
            first.headers.addresses("Contact")[0].uri,
            from_=NameAddr(first.to.uri).with_parameter("tag", "focus"),
            to=first.from_,
            call_id=first.call_id,
            cseq=self.notifies,
            headers=(
                ("Contact", f"<{FOCUS}>"),
                ("Event", "conference"),
                ("Subscription-State", state),
                *((("Content-Type", kind),) if body else ()),
            ),
            body=body,
        )
        return self.ask(request)

    def notified(self, body: bytes, **details: str) -> int:
        """The status that answers a NOTIFY."""
        response: Response = self.successResultOf(self.notify(body, **details))
        return response.status

    def test_subscribe(self) -> None:
        """1, 2. The IWF subscribes under its own address. [TS 6.1.7]"""
        (request,) = self.subscribed
        headers = request.headers
        self.assertEqual(str(request.uri), FOCUS)
        self.assertEqual(
            headers.get("P-Asserted-Identity"), "<sip:CPM-IWF@ims.example.net>"
        )
        self.assertIn("IWF-SMS-client", headers.get("User-Agent") or "")
        self.assertEqual(headers.get("Event"), "conference")
        self.assertEqual(headers.get("Accept"), MEDIA_TYPE)
        self.assertEqual(headers.get("Accept-Contact"), accept_contact(Feature.SESSION))
        self.assertEqual(
            headers.get("P-Asserted-Service"), icsi(Feature.SESSION, group=True)
        )
        self.assertIn("iwf=SMS", headers.get("Record-Route") or "")

    def test_first(self) -> None:
        """2 to 4. The first NOTIFY is told, without the user; 200. [TS 6.1.7]

        [TS 6.2.2.1.6]
        """
        self.assertEqual(self.notified(users(ALICE, BOB, CAROL)), 200)
        self.assertEqual(
            self.link.texts, ['In the group "Chess": +15145550001, +15145550003.']
        )
        (sent,) = self.link.submitted
        self.assertEqual(sent.source_addr, NUMBER[1:])
        self.assertEqual(sent.registered_delivery, 0)

    def test_changes(self) -> None:
        """Changes go together, one message an interval. [TS 6.2.2.1.6]"""
        self.notified(users(ALICE))
        self.notified(users(CAROL, version=2, state="partial"))
        self.notified(users(DAVE, version=3, state="partial"))
        self.assertEqual(len(self.link.texts), 1)
        self.network.advance(60)
        self.assertEqual(
            self.link.texts[1:],
            ['In the group "Chess": +15145550001, +15145550003, +15145550004.'],
        )

    def test_refresh_is_not_told(self) -> None:
        """What a refresh brings is not relayed; the subscription goes on. [TS 6.1.7]"""
        self.notified(users(ALICE), state="active;expires=600")
        self.network.advance(600 - 60)
        self.assertEqual(len(self.subscribed), 2)
        self.assertEqual(self.subscribed[1].to.tag, "focus")
        self.assertEqual(self.notified(users(ALICE, CAROL, version=2)), 200)
        self.network.advance(60)
        self.assertEqual(len(self.link.texts), 1)

    def test_missed_document(self) -> None:
        """Where a document was missed the whole state is asked for, and told."""
        self.notified(users(ALICE))
        self.assertEqual(self.notified(users(CAROL, version=5, state="partial")), 200)
        self.assertEqual(len(self.subscribed), 2)
        self.notified(users(ALICE, CAROL, version=6))
        self.network.advance(60)
        self.assertEqual(len(self.link.texts), 2)

    def test_what_cannot_be_read(self) -> None:
        """A body that is none is refused, and the session goes on."""
        self.assertEqual(self.notified(b"<x"), 400)
        self.assertEqual(self.notified(b"x", kind="text/plain"), 415)
        self.assertEqual(self.notified(b""), 200)
        self.assertEqual(self.link.texts, [])
        self.assertEqual(self.say("Hello", sender=CAROL), 200)

    def test_failed_message(self) -> None:
        """That the user cannot be told changes nothing."""
        self.link.statuses = [CommandStatus.ESME_RINVDSTADR]
        self.assertEqual(self.notified(users(ALICE)), 200)
        self.assertEqual(len(self.chats), 2)

    def test_told_again(self) -> None:
        """What SMS did not take is told later, once it is taken."""
        self.link.statuses = [CommandStatus.ESME_RDELIVERYFAILURE]
        self.notified(users(ALICE))
        self.network.advance(59)
        self.assertEqual(len(self.link.texts), 1)
        self.network.advance(1)
        self.assertEqual(self.link.texts[0], self.link.texts[1])
        self.network.advance(300)
        self.assertEqual(len(self.link.texts), 2)

    def test_in_turn(self) -> None:
        """It waits for what was said before, and is not said when all is over."""
        self.link.statuses = [None]
        self.arrive(b"Hello", "text/plain")
        self.notified(users(ALICE))
        self.assertEqual(len(self.link.texts), 1)
        self.within("BYE", self.established)
        self.link.held[0].callback(self.link.answer())
        self.network.settle()
        self.assertEqual(len(self.link.texts), 1)

    def test_nobody_else(self) -> None:
        """Where there is nobody else there is nothing to tell."""
        self.notified(users(BOB))
        self.assertEqual(self.link.texts, [])

    def test_ends_with_the_session(self) -> None:
        """It ends with the session: Expires 0, and nothing is told any more."""
        self.notified(users(ALICE))
        self.notified(users(ALICE, CAROL, version=2))
        self.within("BYE", self.established)
        self.assertEqual(self.subscribed[-1].headers.get("Expires"), "0")
        self.network.advance(100)
        self.assertEqual(len(self.link.texts), 1)
        self.assertEqual(len(self.chats), 0)

    def test_ended_by_the_focus(self) -> None:
        """A subscription that the focus ends leaves the session as it is."""
        self.notified(users(ALICE))
        self.notified(b"", state="terminated;reason=noresource")
        self.assertEqual(len(self.chats), 1)
        self.assertEqual(self.say("Hello", sender=CAROL), 200)


class InMessages(Members):
    """Who takes part stands in the messages too."""

    session = {**Members.session, "participants_in_messages": True}

    def test_in_messages(self) -> None:
        """Messages tell who takes part, once that is known (Table 7)."""
        self.say("one", sender=CAROL)
        self.notified(users(CAROL))
        self.say("two", sender=CAROL, message_id="m-2")
        self.assertEqual(
            self.link.texts[::2],
            [
                "+15145550003: one",
                '+15145550003: two\nIn the group "Chess": +15145550003.',
            ],
        )


class Crowded(Room):
    session = {"inform_invited": "never", "inform_closed": "never"}

    def test_no_room(self) -> None:
        """Where there are as many subscriptions as may be, a group does without."""
        shared: Any = self.chats._subscriptions._shared
        shared.settings = msgspec.structs.replace(shared.settings, subscriptions=0)
        self.establish(here())
        self.assertEqual(len(self.chats), 1)
        self.assertEqual(self.say("Hello", sender=CAROL), 200)


class Refused(Room):
    session = {"inform_invited": "never", "inform_closed": "never"}

    def test_refused(self) -> None:
        """A focus that lets nobody subscribe has a session all the same."""
        self.establish(here())
        self.network.advance(1)
        self.assertEqual(self.say("Hello", sender=CAROL), 200)
        self.assertEqual(len(self.chats), 1)
