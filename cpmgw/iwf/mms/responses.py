"""What answers a request of MM4, as a mail to go out (TS Tables 18 to 22, 37, 38)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.mms.response_rules import Answered, usable
from cpmgw.iwf.mms.tables.table_18 import TABLE_18_SMTP
from cpmgw.iwf.mms.tables.table_19 import TABLE_19_RESPONSE
from cpmgw.iwf.mms.tables.table_21 import TABLE_21_SMTP
from cpmgw.iwf.mms.tables.table_22 import TABLE_22_RESPONSE
from cpmgw.iwf.mms.tables.table_37 import TABLE_37_SMTP
from cpmgw.iwf.mms.tables.table_38 import TABLE_38_RESPONSE
from cpmgw.mail_records import OutboxMail
from cpmgw.mm4.dates import write_date
from cpmgw.mm4.errors import Unusable
from cpmgw.mm4.fields import Pairs
from cpmgw.mm4.mail import refusal, write_mail
from cpmgw.mm4.pdu import (
    MessageType,
    Request,
    RequestStatus,
    Result,
    Transaction,
)

SERVICE: Final = "MMS"
# The service of reports in the inbox, where they are seen to on their own.
REPORTS: Final = "MMS reports"
# Seconds for which a response is of use to a relay.
WORTH: Final = 86_400.0
_KEY_OCTETS: Final = 16


class _Tables(NamedTuple):
    envelope: Table[Answered]
    response: Table[Answered]


_TABLES: Final[Mapping[MessageType, _Tables]] = {
    MessageType.FORWARD_REQ: _Tables(TABLE_37_SMTP, TABLE_38_RESPONSE),
    MessageType.DELIVERY_REPORT_REQ: _Tables(TABLE_18_SMTP, TABLE_19_RESPONSE),
    MessageType.READ_REPLY_REQ: _Tables(TABLE_21_SMTP, TABLE_22_RESPONSE),
}


class Responses:
    """Makes the mails that answer requests of MM4."""

    def __init__(self, own: Callable[[], OwnRelay], now: Callable[[], float]) -> None:
        self._own = own
        self._now = now

    def response(
        self,
        request: Request,
        status: RequestStatus,
        *,
        relay: str,
        to_system: bool,
        mail_from: str,
        key: str,
        recipients: tuple[str, ...] = (),
    ) -> OutboxMail | None:
        """The mail that answers a request; None where there is nobody to answer.

        `relay` is the name of the one that it came from, `to_system` whether that wants
        answers at the system of the originator. `key` is that of the mail that the
        request came in: made twice, the answer is the same.
        """
        source = Answered(
            request=request,
            status=status,
            mail_from=mail_from,
            own=self._own(),
            to_system=to_system,
            recipients=recipients,
        )
        tables = _TABLES[request.transaction.type]
        envelope = tables.envelope.apply(source)
        if "recipient" not in envelope or not request.transaction.transaction_id:
            return None
        recipient = envelope["recipient"]
        result = result_of(tables.response.apply(source))
        own_key = derived_key(key, status.value)
        content = write_mail(result, None, self._more(recipient, own_key))
        return self._mail(relay, recipient, content, own_key)

    def refusal(
        self, relay: Relay, error: Unusable, status: RequestStatus, mail_from: str
    ) -> OutboxMail | None:
        """The mail that refuses what cannot be read; None if it cannot be answered."""
        fields = error.fields
        system = fields.originator_system
        by_system = relay.config.responses_to == "originator_system" and system
        recipient = system if by_system else usable(mail_from) or system
        if not recipient:
            return None
        key = derived_key(
            relay.name,
            fields.transaction_id,
            fields.message_id,
            mail_from,
            status.value,
        )
        content = refusal(
            fields, status, self._own().version, self._more(recipient, key)
        )
        if content is None:
            return None
        return self._mail(relay.name, recipient, content, key)

    def _mail(self, relay: str, recipient: str, content: bytes, key: str) -> OutboxMail:
        return OutboxMail(
            key=key,
            service=SERVICE,
            relay=relay,
            sender=self._own().address,
            recipient=recipient,
            content=content,
            expires=self._now() + WORTH,
        )

    def _more(self, recipient: str, key: str) -> Pairs:
        """What a mail has that its PDU does not say (RFC 5322 3.6)."""
        own = self._own()
        return (
            ("Date", write_date(self._now())),
            ("From", own.address),
            *own.marks(key),
            ("To", recipient),
        )


def result_of(values: Mapping[str, Any]) -> Result:
    """The PDU that the values of a table make."""
    own = dict(values)
    transaction = Transaction(
        type=own.pop("type"),
        transaction_id=own.pop("transaction_id"),
        message_id=own.pop("message_id"),
        version=own.pop("version"),
    )
    return Result(transaction=transaction, **own)


def derived_key(*pieces: str) -> str:
    """A key that is always the same for the same pieces: 32 hex digits."""
    whole = "\0".join(pieces).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(whole, digest_size=_KEY_OCTETS).hexdigest()
