"""Participant information (RFC 4575, conversation TS 7.3.10, App. P.2 and Q)."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.conference_info import (
    MAX_ENDPOINTS,
    MAX_ENTITY,
    MAX_TEXT,
    MAX_USERS,
    ConferenceDocument,
    ConferenceState,
    Endpoint,
    EndpointPart,
    State,
    Status,
    User,
    UserPart,
    differ,
    parse_conference_info,
)
from cpmgw.cpm.errors import ConferenceInfoError
from cpmgw.cpm.markup import XmlLimits

ALICE = "tel:+15145550001"
BOB = "tel:+15145550002"
EVE = "sip:eve@example.net"

WHOLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<conference-info xmlns="urn:ietf:params:xml:ns:conference-info"
    xmlns:cpm="urn:oma:xml:cpm:conference-info:1.0"
    entity="sip:chess@conf.example.net" state="full" version="7">
  <conference-description>
    <display-text>Club</display-text>
    <subject>Chess on Sunday</subject>
    <keywords>rem-administrator</keywords>
    <cpm:icon><cpm:source><cpm:icon-uri>http://x/</cpm:icon-uri></cpm:source></cpm:icon>
  </conference-description>
  <conference-state><user-count>3</user-count></conference-state>
  <users>
    <user entity="tel:+15145550001" state="full">
      <display-text>Alice &amp; co</display-text>
      <roles><entry>Administrator</entry><entry>participant</entry></roles>
      <endpoint entity="sip:a@10.0.0.1">
        <status>connected</status>
        <joining-method>dialed-in</joining-method>
        <media id="1"><type>message</type><status>sendrecv</status></media>
      </endpoint>
    </user>
    <user entity="tel:+15145550002" yourown="x" xmlns:im="urn:oma:xml:im">
      <im:yourown>true</im:yourown>
      <roles>Administrator, other</roles>
      <endpoint entity="b"><status>On-Hold</status></endpoint>
    </user>
    <user entity="sip:eve@example.net">
      <endpoint entity="e">
        <status>disconnected</status>
        <disconnection-method>booted</disconnection-method>
      </endpoint>
    </user>
    <user><display-text>Nobody</display-text></user>
  </users>
</conference-info>
"""


def document(
    version: int | None, *users: UserPart, state: State = State.PARTIAL
) -> ConferenceDocument:
    """A document; the list of users in a partial one is partial."""
    return ConferenceDocument(
        version=version, state=state, users_state=state, users=users
    )


def state_of(*users: User, version: int = 1) -> ConferenceState:
    """What is known of a conference."""
    return ConferenceState(version=version, users=users)


def after(state: ConferenceState, update: ConferenceDocument) -> ConferenceState:
    """What is known after a document that can be used."""
    found = state.updated(update)
    assert found is not None
    return found


def at(status: Status, entity: str = "e") -> Endpoint:
    """An endpoint."""
    return Endpoint(entity, status)


class Reading(SynchronousTestCase):
    def test_whole_document(self) -> None:
        """Subject, names, endpoints, and who the document was made for."""
        state = after(ConferenceState(), parse_conference_info(WHOLE))
        self.assertEqual(
            state,
            ConferenceState(
                version=7,
                entity="sip:chess@conf.example.net",
                subject="Chess on Sunday",
                display_text="Club",
                users=(
                    User(
                        ALICE,
                        "Alice & co",
                        endpoints=(at(Status.CONNECTED, "sip:a@10.0.0.1"),),
                    ),
                    User(
                        BOB,
                        own=True,
                        endpoints=(at(Status.ON_HOLD, "b"),),
                    ),
                    User(
                        EVE,
                        endpoints=(Endpoint("e", Status.DISCONNECTED),),
                    ),
                ),
            ),
        )

    def test_defaults(self) -> None:
        """Without state a document is full; without version it has none."""
        found = parse_conference_info(b"<conference-info entity='x'/>")
        self.assertEqual(found, ConferenceDocument(entity="x"))

    def test_any_namespace(self) -> None:
        """Elements are known by their local names."""
        found = parse_conference_info(
            b"<a:conference-info xmlns:a='urn:x' version='3'><a:users>"
            b"<a:user entity='u'/></a:users></a:conference-info>"
        )
        self.assertEqual(found.users, (UserPart(entity="u"),))

    def test_list_of_users_in_a_partial_document(self) -> None:
        """It is partial unless it says that it is whole."""
        for said, expected in (
            (b"", State.PARTIAL),
            (b" state='full'", State.FULL),
            (b" state='partial'", State.PARTIAL),
            (b" state='bogus'", State.PARTIAL),
        ):
            found = parse_conference_info(
                b"<conference-info state='partial' version='1'><users%s/>"
                b"</conference-info>" % said
            )
            self.assertIs(found.users_state, expected)

    def test_refused(self) -> None:
        """What is no such document is refused, whatever it is instead."""
        for data in (
            b"",
            b"not xml",
            b"<conference-info",
            b"<presence/>",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]><conference-info>&a;</conference-info>",
            b"<conference-info version='-1'/>",
            b"<conference-info version='x'/>",
            b"<conference-info version=''/>",
            b"<conference-info version='99999999999'/>",
            WHOLE.decode().encode("utf-16"),
        ):
            with self.assertRaises(ConferenceInfoError, msg=data):
                parse_conference_info(data)

    def test_version_limit(self) -> None:
        """A version has 32 bits."""
        for version, fits in ((2**32 - 1, True), (2**32, False)):
            data = b"<conference-info version='%d'/>" % version
            if fits:
                self.assertEqual(parse_conference_info(data).version, version)
            else:
                self.assertRaises(ConferenceInfoError, parse_conference_info, data)

    def test_limits(self) -> None:
        """Size, depth and number of elements: at the limit, and one past it."""
        data = b"<conference-info><users><user entity='u'/></users></conference-info>"
        for limits, fits in (
            (XmlLimits(max_size=len(data)), True),
            (XmlLimits(max_size=len(data) - 1), False),
            (XmlLimits(max_depth=3), True),
            (XmlLimits(max_depth=2), False),
            (XmlLimits(max_elements=3), True),
            (XmlLimits(max_elements=2), False),
        ):
            if fits:
                self.assertEqual(len(parse_conference_info(data, limits).users), 1)
            else:
                with self.assertRaises(ConferenceInfoError):
                    parse_conference_info(data, limits)

    def test_entity_limit(self) -> None:
        """An entity of the longest length is taken, one longer refused."""
        for length, fits in ((MAX_ENTITY, True), (MAX_ENTITY + 1, False)):
            data = (
                b"<conference-info><users><user entity='%s'/></users>"
                b"</conference-info>" % (b"x" * length)
            )
            if fits:
                self.assertEqual(len(parse_conference_info(data).users), 1)
            else:
                self.assertRaises(ConferenceInfoError, parse_conference_info, data)

    def test_long_text_is_cut(self) -> None:
        """A subject is kept up to its limit."""
        for length in (MAX_TEXT, MAX_TEXT + 1):
            found = parse_conference_info(
                b"<conference-info><conference-description><subject>%s</subject>"
                b"</conference-description></conference-info>" % (b"x" * length)
            )
            self.assertEqual(found.subject, "x" * MAX_TEXT)

    @given(some.binary(max_size=200))
    def test_any_octets(self, noise: bytes) -> None:
        """Octets within a document give a document or ConferenceInfoError."""
        for data in (noise, WHOLE[:700] + noise, WHOLE[:700] + noise + WHOLE[700:]):
            try:
                found = parse_conference_info(data)
            except ConferenceInfoError:
                continue
            self.assertIsInstance(found, ConferenceDocument)


class Versions(SynchronousTestCase):
    """Order and gaps (RFC 4575 4.6)."""

    def test_first_document(self) -> None:
        """The first must be whole; a partial one asks for a refresh."""
        whole = document(5, UserPart(entity=BOB), state=State.FULL)
        self.assertEqual(after(ConferenceState(), whole).version, 5)
        for version in (0, 5):
            self.assertIsNone(ConferenceState().updated(document(version)))

    def test_next(self) -> None:
        """A partial document one version on is merged."""
        found = after(state_of(version=4), document(5, UserPart(entity=BOB)))
        self.assertEqual((found.version, found.users), (5, (User(BOB),)))

    def test_gap(self) -> None:
        """A partial document two versions on tells of one that was missed."""
        self.assertIsNone(state_of(version=4).updated(document(6)))

    def test_whole_after_a_gap(self) -> None:
        """A whole document is taken after any gap."""
        found = after(state_of(User(EVE), version=4), document(9, state=State.FULL))
        self.assertEqual((found.version, found.users), (9, ()))

    def test_old(self) -> None:
        """What is not newer changes nothing, however it is meant."""
        state = state_of(User(EVE), version=4)
        for kind in State:
            for version in (0, 3, 4):
                update = document(version, UserPart(entity=BOB), state=kind)
                self.assertIs(state.updated(update), state)

    def test_deleted(self) -> None:
        """A conference that has ended has nobody in it."""
        found = after(state_of(User(EVE)), document(2, state=State.DELETED))
        self.assertEqual(found.present(), ())

    def test_without_version(self) -> None:
        """Without versions documents are taken in the order they come."""
        whole = document(None, UserPart(entity=BOB), state=State.FULL)
        first = after(ConferenceState(), whole)
        second = after(first, document(None, UserPart(entity=EVE)))
        self.assertEqual([each.entity for each in second.users], [BOB, EVE])
        self.assertIsNone(ConferenceState().updated(document(None)))


class Merging(SynchronousTestCase):
    """Partial documents, element by element (RFC 4575 4.6)."""

    known = state_of(
        User(ALICE, "Alice", endpoints=(at(Status.CONNECTED),)),
        User(BOB, "Bob", own=True, endpoints=(at(Status.PENDING),)),
    )

    def merged(self, *users: UserPart) -> dict[str, User]:
        """The users after a partial document that tells of these."""
        found = after(self.known, document(2, *users))
        return {each.entity: each for each in found.users}

    def test_unmentioned_stay(self) -> None:
        """Users that a partial document does not name stay as they are."""
        found = self.merged(UserPart(entity=EVE))
        self.assertEqual(list(found), [ALICE, BOB, EVE])
        self.assertEqual(found[ALICE], self.known.users[0])

    def test_full_user(self) -> None:
        """A full user replaces what was known of it."""
        found = self.merged(UserPart(entity=ALICE, display_text="A"))
        self.assertEqual(found[ALICE], User(ALICE, "A"))

    def test_partial_user(self) -> None:
        """A partial user changes what it speaks of."""
        endpoint = EndpointPart(
            entity="e", state=State.PARTIAL, status=Status.CONNECTED
        )
        part = UserPart(entity=BOB, state=State.PARTIAL, endpoints=(endpoint,))
        found = self.merged(part)
        self.assertEqual(
            found[BOB], User(BOB, "Bob", own=True, endpoints=(at(Status.CONNECTED),))
        )

    def test_deleted_user(self) -> None:
        """A deleted user has gone; one that was not known is no fault."""
        found = self.merged(
            UserPart(entity=ALICE, state=State.DELETED),
            UserPart(entity=EVE, state=State.DELETED),
        )
        self.assertEqual(list(found), [BOB])

    def test_deleted_endpoint(self) -> None:
        """A user whose only device has gone takes part no more."""
        endpoint = EndpointPart(entity="e", state=State.DELETED)
        part = UserPart(entity=ALICE, state=State.PARTIAL, endpoints=(endpoint,))
        self.assertFalse(self.merged(part)[ALICE].takes_part)

    def test_partial_endpoint(self) -> None:
        """What is told once of an endpoint is kept when nothing else is told."""
        parts = (
            EndpointPart(entity="e", state=State.PARTIAL, status=Status.DISCONNECTED),
            EndpointPart(entity="e", state=State.PARTIAL),
        )
        found = self.merged(
            UserPart(entity=ALICE, state=State.PARTIAL, endpoints=parts)
        )
        self.assertEqual(found[ALICE].endpoints, (Endpoint("e", Status.DISCONNECTED),))

    def test_whole_list_in_a_partial_document(self) -> None:
        """A list of users that is whole replaces the list."""
        update = msgspec.structs.replace(
            document(2, UserPart(entity=EVE)), users_state=State.FULL
        )
        self.assertEqual(after(self.known, update).users, (User(EVE),))

    def test_description(self) -> None:
        """Subject and name stay until a document speaks of them, also as empty."""
        first = msgspec.structs.replace(
            document(1, state=State.FULL), subject="S", display_text="N", entity="e"
        )
        state = after(ConferenceState(), first)
        state = after(state, document(2))
        self.assertEqual(
            (state.subject, state.display_text, state.entity), ("S", "N", "e")
        )
        emptied = msgspec.structs.replace(document(3), subject="")
        self.assertEqual(after(state, emptied).subject, "")

    def test_most_users(self) -> None:
        """As many users as the limit are kept over all documents, one more is not."""
        parts = [UserPart(entity=f"u{n}") for n in range(MAX_USERS)]
        state = after(ConferenceState(), document(1, *parts, state=State.FULL))
        self.assertEqual(len(state.users), MAX_USERS)
        with self.assertRaises(ConferenceInfoError):
            state.updated(document(2, UserPart(entity="one more")))

    def test_most_endpoints(self) -> None:
        """Likewise of the endpoints of a user."""
        parts = tuple(EndpointPart(entity=f"e{n}") for n in range(MAX_ENDPOINTS))
        state = after(self.known, document(2, UserPart(entity=EVE, endpoints=parts)))
        self.assertEqual(len(state.users[-1].endpoints), MAX_ENDPOINTS)
        for kind in State:
            more = EndpointPart(entity="one more", state=kind)
            part = UserPart(entity=EVE, state=State.PARTIAL, endpoints=(more,))
            with self.assertRaises(ConferenceInfoError):
                state.updated(document(3, part))

    @given(some.data())
    def test_whole_and_partial_agree(self, data: some.DataObject) -> None:
        """However users come and go, partial documents lead to what a whole one says.

        The order of those that stay is that in which they came.
        """
        state = after(ConferenceState(), document(0, state=State.FULL))
        expected: dict[str, str] = {}
        for version in range(1, data.draw(some.integers(1, 8)) + 1):
            entity = data.draw(some.sampled_from(["a", "b", "c"]))
            gone = data.draw(some.booleans())
            if gone:
                expected.pop(entity, None)
                part = UserPart(entity=entity, state=State.DELETED)
            else:
                expected[entity] = str(version)
                part = UserPart(entity=entity, display_text=str(version))
            state = after(state, document(version, part))
        self.assertEqual(
            [(each.entity, each.display_text) for each in state.users],
            list(expected.items()),
        )


class Presence(SynchronousTestCase):
    def test_statuses(self) -> None:
        """Who is on hold takes part; who is only called, or has left, does not."""
        here = {Status.CONNECTED, Status.ON_HOLD, Status.MUTED, Status.UNKNOWN}
        for status in Status:
            user = User(BOB, endpoints=(at(status),))
            self.assertEqual(user.takes_part, status in here, status)

    def test_several_devices(self) -> None:
        """One device that is there is enough; without devices a user is there."""
        left, there = at(Status.DISCONNECTED, "1"), at(Status.CONNECTED, "2")
        self.assertTrue(User(BOB, endpoints=(left, there)).takes_part)
        self.assertTrue(User(BOB).takes_part)


class ChangesBetween(SynchronousTestCase):
    def test_joined_and_left(self) -> None:
        """Who was not there joined, whoever is not there any more left."""
        before = state_of(User(ALICE), User(BOB, endpoints=(at(Status.PENDING),)))
        for now in (
            state_of(User(ALICE), User(BOB)),
            state_of(User(ALICE), User(EVE)),
            state_of(User(ALICE, endpoints=(at(Status.DISCONNECTED),))),
            state_of(User(EVE)),
        ):
            self.assertTrue(differ(before, now))

    def test_nothing(self) -> None:
        """Another version with the same people is no change."""
        before, now = state_of(User(BOB), version=1), state_of(User(BOB), version=9)
        self.assertFalse(differ(before, now))

    def test_subject(self) -> None:
        """Another subject is one."""
        now = msgspec.structs.replace(state_of(User(BOB)), subject="S")
        self.assertTrue(differ(state_of(User(BOB)), now))

    def test_end(self) -> None:
        """When a conference ends all have left."""
        state = state_of(User(BOB), User(EVE))
        gone = after(state, document(2, state=State.DELETED))
        self.assertTrue(differ(state, gone))
