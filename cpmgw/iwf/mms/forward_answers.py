"""What goes back for an MM4_forward.REQ when all its recipients are settled.

TS Tables 37 and 38; 6.3.1.2.1 step 6, 6.3.1.2.2 step 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cpmgw.interfaces import IMultimedia
from cpmgw.iwf.mms import delivered
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.mms.report_mails import Report, ReportMails
from cpmgw.iwf.mms.responses import Responses, derived_key
from cpmgw.mail_records import InboxMail, OutboxMail, ReceivedMms
from cpmgw.mm4.pdu import Forward, MmStatus, RequestStatus
from cpmgw.policy import PolicySource


class ForwardAnswers:
    """Makes the responses, and the reports that take the place of one not asked for.

    `posted` is told of reports, which go out on their own.
    """

    def __init__(
        self,
        relays: Relays,
        responses: Responses,
        reports: ReportMails,
        multimedia: IMultimedia,
        policy: PolicySource,
        posted: Callable[[], None],
    ) -> None:
        self._relays = relays
        self._responses = responses
        self._reports = reports
        self._multimedia = multimedia
        self._policy = policy
        self._posted = posted

    async def of(
        self, mail: InboxMail, forward: Forward, words: Sequence[str]
    ) -> tuple[OutboxMail, ...]:
        """The mails for what became of a message; a word for each of its recipients."""
        if not forward.acknowledge and forward.delivery_report:
            for recipient, word in zip(mail.recipients, words, strict=True):
                await self._report_failure(mail, forward, recipient, word)
        return self.responses(mail, forward, words)

    def responses(
        self, mail: InboxMail, forward: Forward, words: Sequence[str]
    ) -> tuple[OutboxMail, ...]:
        """One response, or one for each status; success is told who has asked."""
        return tuple(self._responses_to(mail, forward, words))

    def _responses_to(
        self, mail: InboxMail, forward: Forward, words: Sequence[str]
    ) -> Iterator[OutboxMail]:
        found: dict[RequestStatus, list[str]] = {}
        for recipient, word in zip(mail.recipients, words, strict=True):
            found.setdefault(delivered.status_of(word), []).append(recipient)
        for status, recipients in found.items():
            if status is RequestStatus.OK and not forward.acknowledge:
                continue
            response = self._responses.response(
                forward,
                status,
                relay=mail.peer,
                to_system=self._relays.wants_system(mail.peer),
                mail_from=mail.sender,
                key=mail.key,
                recipients=tuple(recipients) if len(found) > 1 else (),
            )
            if response is not None:
                yield response

    async def _report_failure(
        self, mail: InboxMail, forward: Forward, recipient: str, word: str
    ) -> None:
        """Report what failed: nobody who waits for a response hears of it.

        It is the delivery report of this message for this recipient: of it and what its
        client may say after all, only the first goes out.
        """
        if delivered.status_of(word) is RequestStatus.OK:
            return
        has_expired = delivered.has_expired(word)
        status = MmStatus.EXPIRED if has_expired else MmStatus.REJECTED
        longest = self._policy().mms.longest_expiry
        receipt = receipt_of(mail, forward, recipient, longest)
        report = self._reports.failure(receipt, status)
        if report is None:
            return
        await self._multimedia.keep_received(receipt)
        posted = await self._multimedia.report(
            receipt.imdn_id, {Report.DELIVERY.value: report}
        )
        if posted:
            self._posted()


def receipt_of(
    mail: InboxMail, forward: Forward, recipient: str, longest: float
) -> ReceivedMms:
    """What the reports of a message for one recipient need.

    It is of use for so many seconds after the message is worth nothing any more.
    """
    asked = (
        (Report.DELIVERY, forward.delivery_report),
        (Report.READ, forward.read_reply),
    )
    return ReceivedMms(
        imdn_id=derived_key(mail.key, recipient),
        message_id=forward.transaction.message_id,
        relay=mail.peer,
        sender=forward.sender,
        recipient=recipient,
        mail_from=mail.sender,
        system=forward.originator_system,
        wanted=tuple(kind.value for kind, is_wanted in asked if is_wanted),
        expires=mail.expires + longest,
        expiry=forward.expiry,
    )
