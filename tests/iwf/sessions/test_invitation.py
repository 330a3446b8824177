"""Invitations as an IWF reads them (TS 6.1.4 steps 3 and 4)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.features import Feature, icsi
from cpmgw.cpm.resource_lists import Entry
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.sessions.invitation import MOST_INVITED, offer_of, read_invitation
from cpmgw.sip.message import Request
from tests.flows.dialog import IDS, invite, offer
from tests.iwf.sessions.invites import (
    ALICE,
    BOB,
    GROUP,
    NUMBER,
    PLAN,
    invitation_of,
    to_group,
    with_history,
)


def changed(request: Request, name: str, value: str) -> Request:
    """The request with another value of a header field."""
    return request.replace(headers=request.headers.with_replaced(name, value))


class OfTwo(SynchronousTestCase):
    def test_parties(self) -> None:
        """Who invites whom, and where the dialog's other end is (step 3)."""
        invitation = invitation_of()
        self.assertFalse(invitation.is_group)
        self.assertEqual(invitation.initiator, "+15145550001")
        self.assertEqual(invitation.user.text, "+15145550002")
        self.assertEqual(str(invitation.peer), "sip:pf@127.0.0.1:5070")
        self.assertEqual(str(invitation.reply_to), ALICE)

    def test_identifiers(self) -> None:
        """The identifiers are kept. [TS 6.1.4 step 4]"""
        headers = (*IDS, ("InReplyTo-Contribution-ID", "part-0"))
        invitation = invitation_of(invite(ALICE, BOB, headers=headers))
        self.assertEqual(invitation.identification.pairs(), headers)
        self.assertEqual(invitation.service, icsi(Feature.SESSION))
        self.assertEqual(invitation.call_id, "invite-1")

    def test_subject(self) -> None:
        """A Subject is one line that can be shown (step 8a)."""
        request = changed(invite(ALICE, BOB), "Subject", "Chess\x07  on Sunday")
        self.assertEqual(invitation_of(request).subject, "Chess on Sunday")

    def test_no_user(self) -> None:
        """Where nobody can be reached it is refused."""
        with self.assertRaises(CannotInterwork) as caught:
            invitation_of(invite(ALICE, "sip:somebody@elsewhere.example"))
        self.assertEqual(caught.exception.status, 404)

    def test_no_text(self) -> None:
        """What is kept and is not UTF-8 is a bad request; a Subject is mended."""
        for name in ("P-Asserted-Service", "Conversation-ID", "From"):
            old = invite(ALICE, BOB).headers.get(name) or ""
            request = changed(invite(ALICE, BOB), name, f"{old}\udcff")
            with self.assertRaises(CannotInterwork) as caught:
                invitation_of(request)
            self.assertEqual(caught.exception.status, 400, name)
        request = changed(invite(ALICE, BOB), "Subject", "Chess\udcff")
        self.assertEqual(invitation_of(request).subject, "Chess")

    def test_malformed_identities(self) -> None:
        """An identity that cannot be read is a bad request."""
        for request in (
            changed(invite(ALICE, BOB), "P-Asserted-Identity", "<tel:"),
            changed(to_group(), "Referred-By", "<<>"),
        ):
            with self.assertRaises(CannotInterwork) as caught:
                invitation_of(request)
            self.assertEqual(caught.exception.status, 400)

    def test_no_contact(self) -> None:
        """Without a single Contact there is no dialog (RFC 3261 8.1.1.8)."""
        request = invite(ALICE, BOB)
        for headers in (
            request.headers.without("Contact"),
            request.headers.with_added("Contact", "<sip:other@127.0.0.1>"),
        ):
            with self.assertRaises(CannotInterwork) as caught:
                read_invitation(request.replace(headers=headers), PLAN)
            self.assertEqual(caught.exception.status, 400)

    def test_without_a_number(self) -> None:
        """An inviter without a number is told apart by the SIP URI."""
        invitation = invitation_of(invite("sip:ann@example.net", BOB))
        self.assertEqual(invitation.initiator, "sip:ann@example.net")


class OfAGroup(SynchronousTestCase):
    def test_group(self) -> None:
        """Its identity is the Contact, its number the IW-Number."""
        invitation = invitation_of(to_group())
        self.assertTrue(invitation.is_group)
        self.assertEqual(invitation.initiator, GROUP)
        self.assertEqual(str(invitation.peer), GROUP)
        self.assertEqual(str(invitation.reply_to), GROUP)
        self.assertEqual(invitation.number, NUMBER)

    def test_inviter(self) -> None:
        """Who invites is Referred-By: what is asserted is the group's number."""
        request = changed(to_group(), "P-Asserted-Identity", f"<tel:{NUMBER}>")
        inviter = invitation_of(request).inviter
        assert inviter.address is not None
        self.assertEqual(inviter.address.text, "+15145550001")

    def test_inviter_of_from(self) -> None:
        """Without Referred-By it is From, where that is a person."""
        request = to_group(headers=(*IDS, ("IW-Number", f"tel:{NUMBER}")))
        self.assertIsNone(invitation_of(request).inviter.address)
        by_alice = changed(request, "From", f"Alice <{ALICE}>;tag=a")
        inviter = invitation_of(by_alice).inviter
        assert inviter.address is not None
        self.assertEqual(
            (inviter.address.text, inviter.display_name), ("+15145550001", "Alice")
        )

    def test_hidden_inviter(self) -> None:
        """Who asks for privacy is hidden (RFC 3323)."""
        invitation = invitation_of(to_group(("Privacy", "id")))
        self.assertTrue(invitation.inviter.hidden)

    def test_title(self) -> None:
        """A group is called by its Subject, else by what stands beside its identity."""
        named = changed(to_group(), "From", f'"Chess club" <{GROUP}>;tag=a')
        self.assertEqual(invitation_of(named).title, "Chess club")
        self.assertEqual(invitation_of(named).inviter.display_name, "")
        both = changed(named, "Subject", "Sunday")
        self.assertEqual(invitation_of(both).title, "Sunday")
        self.assertEqual(invitation_of(to_group()).title, "")

    def test_invited(self) -> None:
        """Those of the recipient-list-history, but for the anonymous, and so many."""
        entries = [Entry(f"tel:+1514555{n:04}") for n in range(MOST_INVITED + 1)]
        request = with_history(to_group(), Entry(ALICE, anonymize=True), *entries)
        invited = invitation_of(request).invited
        self.assertEqual(len(invited), MOST_INVITED)
        self.assertEqual(invited[0].uri, entries[0].uri)

    def test_broken_list(self) -> None:
        """A list that cannot be read is refused."""
        request = with_history(to_group(), Entry(ALICE))
        broken = request.replace(body=request.body.replace(b"</list>", b""))
        with self.assertRaises(CannotInterwork) as caught:
            invitation_of(broken)
        self.assertEqual(caught.exception.status, 400)

    def test_number(self) -> None:
        """What is no number stands for nothing."""
        request = changed(to_group(), "IW-Number", "sip:a@b")
        self.assertEqual(invitation_of(request).number, "")


class Offers(SynchronousTestCase):
    def test_alone(self) -> None:
        """The description is the body."""
        self.assertEqual(offer_of(invite(ALICE, BOB)), offer())

    def test_beside_a_list(self) -> None:
        """It may stand beside a list of recipients (RFC 5366 4)."""
        request = with_history(to_group(), Entry(ALICE))
        self.assertEqual(offer_of(request), offer())

    def test_none(self) -> None:
        """Without one there is nothing acceptable; 400 where none can be found.

        [TS 6.1.4 step 1]
        """
        for kind, status in (("text/plain", 488), ("multipart/mixed;boundary=x", 400)):
            request = changed(invite(ALICE, BOB), "Content-Type", kind)
            with self.assertRaises(CannotInterwork) as caught:
                offer_of(request)
            self.assertEqual(caught.exception.status, status)
