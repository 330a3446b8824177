"""The focus of a group session, from RFC 4575 and RFC 6665 alone.

It takes the subscription to who takes part, and tells that.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from tests.live.raw_content import session_offer
from tests.live.raw_frames import Malformed
from tests.live.raw_packet import Packet
from tests.live.raw_session import SERVICE, SESSION, Call, Dialog, Phone

EVENT = "conference"
CONFERENCE_INFO = "application/conference-info+xml"


class Focus:
    """A focus that invites for a user, and notifies."""

    def __init__(self, phone: Phone, group: str) -> None:
        self.group = group
        self._phone = phone
        self._version = 0
        self._dialog: Dialog | None = None

    def invite(self, callee: str, path: str, port: int, subject: str) -> Call:
        """Invite to the group session (conversation TS 7.3.1.2, 9.2.1)."""
        contact = (
            f"<{self.group}>;isfocus;{self._phone.contact(SESSION).split(';')[-1]}"
        )
        service = f"urn:urn-7:{SERVICE}.{SESSION}.group"
        invite = self._phone.invitation(callee, session_offer(path, port))
        replaced = {"Contact": contact, "P-Asserted-Service": service}
        headers = [(name, replaced.get(name, value)) for name, value in invite.headers]
        packet = Packet(invite.start, (*headers, ("Subject", subject)), invite.body)
        return Call(self._phone, packet, self._phone.answered(packet))

    def subscribed(self, seconds: int = 3600) -> Packet:
        """Take the subscription for so long; gives the SUBSCRIBE (RFC 6665 4.2.1)."""
        request = self._phone.requested("SUBSCRIBE")
        if request.value("Event") != EVENT:
            raise Malformed(f"Event: {request.value('Event')}")
        headers = (("Contact", f"<{self.group}>"), ("Expires", str(seconds)))
        answer = self._phone.respond(request, 200, headers)
        if self._dialog is None:
            self._dialog = self._phone.called(request, answer)
        return request

    def tells(self, members: Mapping[str, str], state: str = "active") -> int:
        """Tell all who take part, by URI and name; gives the answer (RFC 4575 4.4)."""
        assert self._dialog is not None
        self._version += 1
        headers = (
            ("Contact", f"<{self.group}>"),
            ("Event", EVENT),
            ("Subscription-State", state),
            ("Content-Type", CONFERENCE_INFO),
        )
        notify = self._dialog.request("NOTIFY", headers, self._document(members))
        return self._phone.answered(notify).status

    def _document(self, members: Mapping[str, str]) -> bytes:
        users = [
            f"<user entity={quoteattr(uri)}>"
            f"<display-text>{escape(name)}</display-text>"
            f"<endpoint entity={quoteattr(uri)}><status>connected</status></endpoint>"
            "</user>"
            for uri, name in members.items()
        ]
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info"'
            f' entity={quoteattr(self.group)} state="full" version="{self._version}">'
            f"<users>{''.join(users)}</users></conference-info>"
        ).encode()
