"""Participant information: application/conference-info+xml (RFC 4575).

Conversation TS 7.3.10, App. P.2 and Q. Reading goes by local names; what the gateway
has no use for (media, sidebars, icons) is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, TypeVar

import msgspec
from lxml import etree

from cpmgw.cpm.errors import ConferenceInfoError
from cpmgw.cpm.markup import XmlLimits, children, content_of, local_name, parse_xml

MEDIA_TYPE: Final = "application/conference-info+xml"
EVENT: Final = "conference"

DEFAULT_LIMITS: Final = XmlLimits(max_size=262_144, max_depth=12, max_elements=10_000)
# What is kept of a conference, however many documents tell of it.
MAX_USERS: Final = 1_000
MAX_ENDPOINTS: Final = 8
MAX_ENTITY: Final = 512
MAX_TEXT: Final = 256

_LAST_VERSION: Final = 2**32 - 1


class State(Enum):
    """What an element is of what it tells (RFC 4575 4.5)."""

    FULL = "full"
    PARTIAL = "partial"
    DELETED = "deleted"


class Status(Enum):
    """The <status> of an endpoint (RFC 4575 5.7.2); UNKNOWN is any other, or none."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ON_HOLD = "on-hold"
    MUTED = "muted-via-focus"
    PENDING = "pending"
    ALERTING = "alerting"
    DIALING_IN = "dialing-in"
    DIALING_OUT = "dialing-out"
    DISCONNECTING = "disconnecting"
    UNKNOWN = ""


# Who has left, and who has not come yet.
_AWAY: Final = frozenset(
    {
        Status.DISCONNECTED,
        Status.DISCONNECTING,
        Status.PENDING,
        Status.ALERTING,
        Status.DIALING_IN,
        Status.DIALING_OUT,
    }
)
_STATES: Final = {each.value: each for each in State}
_STATUSES: Final = {each.value: each for each in Status}

# -- documents -------------------------------------------------------------------------


class EndpointPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of an endpoint; None is what it does not speak of."""

    entity: str
    state: State = State.FULL
    status: Status | None = None


class UserPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of a user; None is what it does not speak of."""

    entity: str
    state: State = State.FULL
    display_text: str | None = None
    own: bool | None = None
    endpoints: tuple[EndpointPart, ...] = ()


class ConferenceDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One conference-info document (RFC 4575 5.2).

    `users_state` is how the list of users is meant, which a partial document may give
    whole. `version` is None where there is none.
    """

    entity: str = ""
    state: State = State.FULL
    version: int | None = None
    subject: str | None = None
    display_text: str | None = None
    users_state: State = State.FULL
    users: tuple[UserPart, ...] = ()


# -- what is known ---------------------------------------------------------------------


class Endpoint(msgspec.Struct, frozen=True):
    """A user's device in a conference (RFC 4575 5.7)."""

    entity: str
    status: Status = Status.UNKNOWN


class User(msgspec.Struct, frozen=True):
    """A member of a conference (RFC 4575 5.6, conversation TS Q.1.2).

    `own` is the member that the document was made for.
    """

    entity: str
    display_text: str = ""
    own: bool = False
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def takes_part(self) -> bool:
        """Whether any device is in the conference; one without devices is taken so."""
        return not self.endpoints or any(
            each.status not in _AWAY for each in self.endpoints
        )


class ConferenceState(msgspec.Struct, frozen=True, kw_only=True):
    """A conference as far as the documents of one subscription tell (RFC 4575 4.6).

    A new subscription begins with a new one: its versions begin anew.
    """

    version: int = -1
    entity: str = ""
    subject: str = ""
    display_text: str = ""
    users: tuple[User, ...] = ()

    def present(self) -> tuple[User, ...]:
        """Who takes part."""
        return tuple(each for each in self.users if each.takes_part)

    def updated(self, document: ConferenceDocument) -> ConferenceState | None:
        """What is known after a document; None where one was missed in between.

        Then the subscription is to be refreshed, which brings the full state. A
        document that is not newer than what is known changes nothing. Raises
        ConferenceInfoError for a conference of more than MAX_USERS.
        """
        known = self.version >= 0
        version = self.version + 1 if document.version is None else document.version
        if version <= self.version:
            return self
        if document.state is State.PARTIAL:
            if not known or version != self.version + 1:
                return None
            return self._merged(document, version)
        gone = document.state is State.DELETED
        return ConferenceState(
            version=version,
            entity=document.entity or self.entity,
            subject=document.subject or "",
            display_text=document.display_text or "",
            users=() if gone else _users((), document),
        )

    def _merged(self, document: ConferenceDocument, version: int) -> ConferenceState:
        whole = document.users_state is State.FULL
        return ConferenceState(
            version=version,
            entity=document.entity or self.entity,
            subject=_newer(document.subject, self.subject),
            display_text=_newer(document.display_text, self.display_text),
            users=_users(() if whole else self.users, document),
        )


def differ(before: ConferenceState, after: ConferenceState) -> bool:
    """Whether others take part, or the subject is another."""
    were = {each.entity for each in before.present()}
    are = {each.entity for each in after.present()}
    return were != are or before.subject != after.subject


def _users(known: tuple[User, ...], document: ConferenceDocument) -> tuple[User, ...]:
    """The users after a document, those known before in their order."""
    users = {each.entity: each for each in known}
    if document.users_state is State.DELETED:
        users.clear()
    for part in document.users:
        if part.state is State.DELETED:
            users.pop(part.entity, None)
            continue
        old = users.get(part.entity) if part.state is State.PARTIAL else None
        users[part.entity] = _user(old or User(part.entity), part)
        if len(users) > MAX_USERS:
            raise ConferenceInfoError(f"more than {MAX_USERS} users")
    return tuple(users.values())


def _user(old: User, part: UserPart) -> User:
    return User(
        part.entity,
        _newer(part.display_text, old.display_text),
        _newer(part.own, old.own),
        _endpoints(old.endpoints, part),
    )


def _endpoints(known: tuple[Endpoint, ...], part: UserPart) -> tuple[Endpoint, ...]:
    """The endpoints after a document; one that is deleted stays as disconnected.

    Otherwise a user whose only device has gone would be one without devices.
    """
    endpoints = {each.entity: each for each in known}
    for each in part.endpoints:
        endpoints[each.entity] = _endpoint(endpoints.get(each.entity), each)
        if len(endpoints) > MAX_ENDPOINTS:
            raise ConferenceInfoError(f"more than {MAX_ENDPOINTS} endpoints of a user")
    return tuple(endpoints.values())


def _endpoint(known: Endpoint | None, part: EndpointPart) -> Endpoint:
    if part.state is State.DELETED:
        return Endpoint(part.entity, Status.DISCONNECTED)
    old = known if part.state is State.PARTIAL else None
    if old is None:
        old = Endpoint(part.entity)
    return Endpoint(part.entity, _newer(part.status, old.status))


Value = TypeVar("Value")


def _newer(value: Value | None, old: Value) -> Value:
    return old if value is None else value


# -- reading ---------------------------------------------------------------------------


def parse_conference_info(
    data: bytes, limits: XmlLimits = DEFAULT_LIMITS
) -> ConferenceDocument:
    """Read a document; ConferenceInfoError (400) says what is wrong with it.

    The list of users in a partial document is partial unless it says otherwise: the
    schema's "full" would drop everybody whom a server that leaves the attribute out
    does not name. Users and endpoints that have no entity are passed over.
    """
    try:
        root = parse_xml(data, limits)
    except ValueError as error:
        raise ConferenceInfoError(str(error)) from error
    if local_name(root) != "conference-info":
        raise ConferenceInfoError("root element is not conference-info")
    state = _state(root, State.FULL)
    described: dict[str, str] = {}
    users_state = state
    users: list[UserPart] = []
    for name, element in children(root):
        if name == "conference-description":
            for key, child in children(element):
                described.setdefault(key, _text(child))
        elif name == "users":
            users_state = _state(element, state)
            users.extend(_user_parts(element))
    return ConferenceDocument(
        entity=_entity(root),
        state=state,
        version=_version(root.get("version")),
        subject=described.get("subject"),
        display_text=described.get("display-text"),
        users_state=users_state,
        users=tuple(users),
    )


def _user_parts(users: etree._Element) -> Iterator[UserPart]:
    for name, element in children(users):
        entity = _entity(element)
        if name == "user" and entity:
            yield _user_part(entity, element)


def _user_part(entity: str, element: etree._Element) -> UserPart:
    display_text: str | None = None
    own: bool | None = None
    endpoints = []
    for name, child in children(element):
        if name == "display-text":
            display_text = _text(child)
        elif name == "yourown":
            own = _text(child).lower() in ("true", "1")
        elif name == "endpoint":
            endpoints.append(_endpoint_part(child))
    return UserPart(
        entity=entity,
        state=_state(element, State.FULL),
        display_text=display_text,
        own=own,
        endpoints=tuple(endpoints),
    )


def _endpoint_part(element: etree._Element) -> EndpointPart:
    texts = {name: _text(child) for name, child in children(element)}
    status = texts.get("status")
    return EndpointPart(
        entity=_entity(element),
        state=_state(element, State.FULL),
        status=None
        if status is None
        else _STATUSES.get(status.lower(), Status.UNKNOWN),
    )


def _state(element: etree._Element, otherwise: State) -> State:
    return _STATES.get((element.get("state") or "").strip().lower(), otherwise)


def _entity(element: etree._Element) -> str:
    entity = (element.get("entity") or "").strip()
    if len(entity) > MAX_ENTITY:
        raise ConferenceInfoError(f"entity of {len(entity)} characters")
    return entity


def _text(element: etree._Element) -> str:
    return content_of(element)[:MAX_TEXT]


def _version(value: str | None) -> int | None:
    """The version: an unsigned number of 32 bits (RFC 4575 5.2)."""
    if value is None:
        return None
    text = value.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise ConferenceInfoError("version is no number")
    if int(text) > _LAST_VERSION:
        raise ConferenceInfoError("version of more than 32 bits")
    return int(text)
