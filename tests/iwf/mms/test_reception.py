"""The mail that MMS relays send to us (TS 6.3.1, decision 0022)."""

from __future__ import annotations

from email.message import EmailMessage

from cpmgw.config import MmscConfig
from cpmgw.iwf.mail.inbox import KEPT, NOT_KEPT
from cpmgw.iwf.mms.reception import (
    NO_ADDRESS,
    NO_RECIPIENT,
    NO_RELAYING,
    NO_SUCH_USER,
    NOT_MM4,
    STRANGER,
    TAKEN,
)
from cpmgw.iwf.mms.relays import Relay
from cpmgw.mail_records import OutboxMail
from cpmgw.mm4.mail import write_mail
from cpmgw.mm4.pdu import (
    MessageType,
    MmStatus,
    RequestStatus,
    Result,
    Transaction,
)
from cpmgw.smtp.errors import NotSent
from cpmgw.smtp.interfaces import Envelope, Peer, Recipient, Reply
from tests.iwf.mail.stand_ins import Link
from tests.iwf.mms.gateway import DOMAIN
from tests.iwf.mms.mailroom import (
    ALICE,
    BOB,
    BROKEN,
    CAROL,
    PEER,
    SYSTEM,
    Room,
    delivery_of,
    forward_of,
    written,
)

ELSEWHERE = Peer(host="192.0.2.1")


def result(
    transaction_id: str,
    kind: MessageType = MessageType.FORWARD_RES,
    status: RequestStatus = RequestStatus.OK,
) -> bytes:
    """The mail of a response."""
    return write_mail(
        Result(
            transaction=Transaction(
                type=kind, transaction_id=transaction_id, message_id="m-1"
            ),
            status=status,
        )
    )


def await_report(room: Room, transaction_id: str) -> str:
    """Have a report wait for its response; its key."""
    mail = OutboxMail(
        key="0" * 32,
        service="MMS",
        relay="home",
        sender=f"system-user@{DOMAIN}",
        recipient=BOB,
        content=b"",
        expires=room.house.now() + 1_000,
        transaction=transaction_id,
    )
    room.store.mail.out[mail.key] = mail
    return mail.key


class Admission(Room):
    def refusal(self, address: str) -> Reply | None:
        """What a recipient is answered."""
        return self.receiving.reception.recipient(
            PEER, Envelope(sender=BOB, recipients=()), Recipient(address=address)
        )

    def test_relays_of_ours(self) -> None:
        """Only who is in the peers of a relay may send."""
        reception = self.receiving.reception
        empty = Envelope(sender=BOB, recipients=())
        self.assertIsNone(reception.sender(PEER, empty))
        self.assertEqual(reception.sender(ELSEWHERE, empty), STRANGER)
        self.assertEqual(self.bring(b"", peer=ELSEWHERE), STRANGER)

    def test_our_users(self) -> None:
        """Numbers at our domain are taken, whatever case it is in, and our system."""
        for address in (
            ALICE,
            ALICE.upper(),
            "2345/TYPE=PLMN@" + DOMAIN,
            f"system-user@{DOMAIN}",
        ):
            self.assertIsNone(self.refusal(address), address)

    def test_never_an_open_relay(self) -> None:
        """Nothing is taken for another domain, however its address is written."""
        for address in (BOB, "someone@elsewhere.test", f"{DOMAIN}@elsewhere.test"):
            self.assertEqual(self.refusal(address), NO_RELAYING, address)
        self.assertEqual((NO_RELAYING.code, NO_RELAYING.enhanced), (550, "5.7.1"))

    def test_not_of_mms(self) -> None:
        """What is no number at our domain is no user of ours."""
        for address in (f"alice@{DOMAIN}", f"1.2.3.4/TYPE=IPv4@{DOMAIN}"):
            self.assertEqual(self.refusal(address), NO_SUCH_USER, address)

    def test_postmaster(self) -> None:
        """There is a postmaster, whose mail is the log (RFC 5321 4.5.1)."""
        for address in ("Postmaster", f"postmaster@{DOMAIN}"):
            self.assertIsNone(self.refusal(address), address)
            spam = b"Subject: Your mail\r\n\r\nHello"
            self.assertEqual(self.bring(spam, address), TAKEN)
            forward = written(forward_of())
            self.assertEqual(self.bring(forward, address), NO_RECIPIENT)
        self.assertEqual(self.refusal("postmaster@elsewhere.test"), NO_RELAYING)
        self.assertEqual(self.requests, [])

    def test_no_address(self) -> None:
        """What is no address, or has no domain, is refused as such."""
        for address in ("", "+15145550001/TYPE=PLMN", "a b@" + DOMAIN):
            self.assertEqual(self.refusal(address), NO_ADDRESS, address)


class Requests(Room):
    def test_kept_first(self) -> None:
        """250 only after the message is on the disk; 451 where it cannot be."""
        self.store.mail.fault = BROKEN
        self.assertEqual(self.forward(), NOT_KEPT)
        self.assertEqual(self.requests, [])
        self.store.mail.fault = None
        self.assertEqual(self.forward(), KEPT)
        self.assertEqual(len(self.requests), 1)

    def test_repeat(self) -> None:
        """The same request again makes no other message, and is answered again."""
        self.forward()
        self.forward()
        self.assertEqual(len(self.requests), 1)
        self.assertEqual([each.status for each in self.answers], [RequestStatus.OK] * 2)

    def test_no_repeat(self) -> None:
        """Another transaction, message, sender or recipient is another request."""
        self.forward()
        self.forward(identifier="t-2")
        self.forward(mail_from=SYSTEM)
        self.forward(CAROL)
        self.assertEqual(len(self.requests), 4)

    def test_reports_without_transaction(self) -> None:
        """Reports of other statuses are others, even where they have no transaction."""
        for status in (MmStatus.DEFERRED, MmStatus.RETRIEVED, MmStatus.RETRIEVED):
            self.bring(written(delivery_of(status, identifier="")))
        self.assertEqual(len(self.store.mail.done), 2)

    def test_kept_until(self) -> None:
        """A message is worth being worked on until it expires, by policy no longer."""
        self.receiving.leave()
        now = self.house.now()
        self.choose({"longest_expiry": 1_000})
        for place, (expiry, expected) in enumerate(
            ((now + 500, 500), (now + 1_001, 1_000), (None, 1_000), (now - 1, 0))
        ):
            self.forward(identifier=f"t-{place}", expiry=expiry)
            kept = list(self.store.mail.open.values())[-1]
            self.assertEqual(kept.expires, now + expected)

    def test_named_twice(self) -> None:
        """A recipient that stands twice in the envelope gets one message."""
        self.forward(ALICE, ALICE)
        self.assertEqual(len(self.requests), 1)
        bare = f"+15145550001@{DOMAIN}"
        self.forward(ALICE, ALICE.lower(), bare, identifier="t-2")
        self.assertEqual(len(self.requests), 2)
        self.forward(ALICE.lower(), ALICE, identifier="t-2")
        self.assertEqual(len(self.requests), 2, "a repeat")

    def test_of_a_relay_that_is_gone(self) -> None:
        """A relay that is configured no longer brings no messages, but reports.

        What it is owed goes out by its own link, as long as that is there.
        """
        self.house.network.held = []
        self.forward()
        config = MmscConfig(name="new", domain="new.test", peers=("192.0.2.0/24",))
        other = Link("new")
        self.relays.replace([Relay(other, config)])
        self.assertEqual(self.forward(identifier="t-2"), STRANGER)
        self.house.network.held[0].callback(None)
        self.assertEqual(len(self.answers), 1)
        self.house.network.held = None
        self.sent("positive-delivery")
        self.assertEqual(self.bring(written(delivery_of())), KEPT)
        self.assertEqual(len(self.answers), 2)
        self.patch(self.link, "running", 0)
        self.bring(written(delivery_of(identifier="t-3")))
        self.assertEqual((len(self.answers), other.sent), (2, []))
        self.assertEqual(self.store.mail.out, {})


class Responses(Room):
    def test_awaited(self) -> None:
        """MM4_forward.RES goes to who waits for it. [TS 6.3.1]"""
        awaited = self.transactions.begin(
            Transaction(
                type=MessageType.FORWARD_REQ, transaction_id="x", message_id="m"
            ),
            "home",
        )
        self.assertEqual(self.bring(result("x")), TAKEN)
        self.assertEqual(self.successResultOf(awaited.result).status, RequestStatus.OK)

    def test_of_a_report(self) -> None:
        """The response to a report of ours ends its repeats."""
        for kind, word in (
            (MessageType.DELIVERY_REPORT_RES, "delivery"),
            (MessageType.READ_REPLY_RES, "read"),
        ):
            mail = await_report(self, "x")
            self.assertEqual(list(self.store.mail.out), [mail])
            self.assertEqual(self.bring(result("x", kind)), TAKEN)
            self.assertEqual(self.store.mail.out, {})
            self.assertEqual(self.house.traffic.reported_back["home", word, "Ok"], 1)

    def test_report_not_now(self) -> None:
        """A report that is not taken now goes again, as one without an answer."""
        waiting = await_report(self, "x")
        for status in (RequestStatus.NETWORK_PROBLEM, RequestStatus.UNSPECIFIED):
            answer = result("x", MessageType.READ_REPLY_RES, status)
            self.assertEqual(self.bring(answer), TAKEN)
            self.assertEqual(list(self.store.mail.out), [waiting])
        answer = result("x", MessageType.READ_REPLY_RES, RequestStatus.NOT_FOUND)
        self.bring(answer)
        self.assertEqual(self.store.mail.out, {})

    def test_unknown(self) -> None:
        """One that answers nothing ends here."""
        for kind in (MessageType.FORWARD_RES, MessageType.READ_REPLY_RES):
            self.assertEqual(self.bring(result("unknown", kind)), TAKEN)

    def test_without_a_transaction(self) -> None:
        """One of a report that names none ends nothing: not what needs no answer."""
        self.sent("positive-delivery")
        waiting = await_report(self, "")
        self.assertEqual(self.bring(result("", MessageType.READ_REPLY_RES)), TAKEN)
        self.assertEqual(list(self.store.mail.out), [waiting])

    def test_of_another_type(self) -> None:
        """MM4_forward.RES ends no report."""
        mail = await_report(self, "x")
        self.assertEqual(self.bring(result("x")), TAKEN)
        self.assertEqual(list(self.store.mail.out), [mail])

    def test_late(self) -> None:
        """One that is late is acknowledged when what it says is kept, not before."""
        self.late_fault = BROKEN
        self.assertEqual(self.bring(result("x")), NOT_KEPT)
        self.late_fault = None
        self.assertEqual(self.bring(result("x")), TAKEN)
        [(peer, late)] = self.late
        self.assertEqual((peer, late.transaction.transaction_id), ("home", "x"))

    def test_store_fails(self) -> None:
        """Where the store cannot be asked, the relay brings it again."""
        self.store.mail.fault = BROKEN
        answer = result("unknown", MessageType.DELIVERY_REPORT_RES)
        self.assertEqual(self.bring(answer), NOT_KEPT)


class Unusable(Room):
    def test_not_mm4(self) -> None:
        """A mail without X-Mms-Message-Type is none of MM4: 554."""
        self.assertEqual(self.bring(b"Subject: spam\r\n\r\nBuy"), NOT_MM4)

    def test_unknown_type(self) -> None:
        """An unknown request: Error-unsupported-message, by MM4."""
        octets = written(forward_of()).replace(b"MM4_forward.REQ", b"MM4_recall.REQ")
        self.assertEqual(self.bring(octets), TAKEN)
        [(envelope, content)] = self.link.sent
        self.assertIn(b"MM4_recall.RES", content)
        self.assertIn(b"Error-unsupported-message", content)
        self.assertEqual(envelope.recipients[0].address, BOB)
        self.assertEqual(envelope.sender, f"system-user@{DOMAIN}")

    def test_corrupt(self) -> None:
        """A request that cannot be read: Error-message-format-corrupt."""
        octets = written(forward_of()).replace(b"From: ", b"Not-From: ")
        self.assertEqual(self.bring(octets), TAKEN)
        [answer] = self.answers
        self.assertEqual(answer.status, RequestStatus.FORMAT_CORRUPT)
        self.assertEqual(answer.transaction.transaction_id, "t-1")

    def test_others_of_the_same_transaction(self) -> None:
        """Requests of other messages or senders are others: each is answered."""
        self.link.faults = [NotSent("down")] * 3
        octets = written(forward_of()).replace(b"From: ", b"Not-From: ")
        self.bring(octets)
        self.bring(octets.replace(b"m-1", b"m-2"))
        self.bring(octets, sender="other@mms.test")
        self.assertEqual(len(self.store.mail.out), 3)

    def test_nobody_to_answer(self) -> None:
        """Without a transaction, or an address, it is refused by SMTP: 554."""
        octets = written(forward_of()).replace(b"From: ", b"Not-From: ")
        self.assertEqual(self.bring(octets, sender=""), NOT_MM4)
        nameless = octets.replace(b"X-Mms-Transaction-ID", b"X-Nothing")
        self.assertEqual(self.bring(nameless), NOT_MM4)
        self.assertEqual(self.link.sent, [])

    def test_to_the_system(self) -> None:
        """By configuration, and without an envelope sender, to the system address."""
        octets = written(forward_of(originator_system=SYSTEM)).replace(
            b"From: ", b"Not-From: "
        )
        self.bring(octets, sender="")
        config = MmscConfig(
            name="home", domain="mms.test", responses_to="originator_system"
        )
        self.relays.replace([Relay(self.link, config)])
        self.bring(octets.replace(b'"t-1"', b'"t-2"'))
        sent = [each.recipients[0].address for each, _ in self.link.sent]
        self.assertEqual(sent, [SYSTEM, SYSTEM])


class CameBack(Room):
    def notice(self, quoted: bytes, action: str = "failed") -> bytes:
        """A delivery status notification of a mail."""
        mail = EmailMessage()
        mail["From"] = "mailer-daemon@mms.test"
        mail["To"] = f"system-user@{DOMAIN}"
        whole = mail.as_bytes().replace(b"\n", b"\r\n").rstrip()
        status = (
            "Reporting-MTA: dns; mms.test\r\n\r\n"
            f"Final-Recipient: rfc822; {BOB}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        ).encode()
        return (
            whole
            + b"\r\nMIME-Version: 1.0\r\n"
            + b'Content-Type: multipart/report; boundary="b"\r\n\r\n'
            + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            + status
            + b"\r\n--b\r\nContent-Type: message/rfc822-headers\r\n\r\n"
            + quoted
            + b"\r\n--b--\r\n"
        )

    def test_message(self) -> None:
        """A message of ours that came back is one that was refused."""
        reply = self.bring(self.notice(written(forward_of())), sender="")
        self.assertEqual(reply, TAKEN)
        [(peer, why)] = self.late
        self.assertEqual(peer, "home")
        self.assertEqual(why.transaction.message_id, "m-1")
        self.assertEqual(why.transaction.transaction_id, "t-1")
        self.assertNotEqual(why.status, RequestStatus.OK)

    def test_message_and_no_store(self) -> None:
        """The news is brought again where it cannot be kept."""
        self.late_fault = BROKEN
        reply = self.bring(self.notice(written(forward_of())), sender="")
        self.assertEqual(reply, NOT_KEPT)

    def test_delayed(self) -> None:
        """One that is only late is not."""
        self.bring(self.notice(written(forward_of()), "delayed"), sender="")
        self.assertEqual(self.late, [])

    def test_report(self) -> None:
        """A report of ours that came back does not go again."""
        await_report(self, "t-1")
        self.bring(self.notice(written(delivery_of())), sender="")
        self.assertEqual(self.store.mail.out, {})
        counted = self.house.traffic.reported_back["home", "delivery", "refused"]
        self.assertEqual(counted, 1)

    def test_not_from_nobody(self) -> None:
        """What has a sender is no notification (RFC 3464 2)."""
        reply = self.bring(self.notice(written(forward_of())))
        self.assertEqual(reply, NOT_MM4)
        self.assertEqual(self.late, [])


class Counted(Room):
    def test_what_came(self) -> None:
        """What came is counted by relay, type and what was made of it."""
        self.forward()
        self.bring(result("x"))
        self.bring(b"Subject: spam\r\n\r\n")
        self.bring(b"", peer=ELSEWHERE)
        self.assertEqual(
            dict(self.house.traffic.mm4_received),
            {
                ("home", "MM4_forward.REQ", "kept"): 1,
                ("home", "MM4_forward.RES", "Ok"): 1,
                ("home", "other", "refused"): 1,
                ("", "other", "refused"): 1,
            },
        )
