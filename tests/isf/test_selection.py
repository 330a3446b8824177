"""Non-CPM Communication Service selection, step by step (TS 5.1 steps 1 to 9, 11).

[SCR Isf-S-001-M]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.findings import Selection, Verdict
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import NOTHING, Known, select
from cpmgw.iwf.capabilities import Capabilities, Characteristics, Kind
from cpmgw.policy import SelectionPolicy, TargetRule
from tests.isf.requests import (
    ALL,
    EMAIL,
    IMAGE,
    MIXED,
    MMS,
    PLAIN,
    SMS,
    policy,
    request,
    services,
    text_of_size,
)

OMA: Final = SelectionPolicy()
NAMES: Final = ("SMS", "MMS", "email")
NO_ADDRESS: Final = "no-originator-address"
CHOSEN_SMS: Final = ("9", "SMS", Verdict.CHOSEN)


class Row(msgspec.Struct, frozen=True):
    """One line of a table: a request, and what is to be chosen or refused of it.

    `left` are the candidates in their order, `out` the IWF that a step excluded with
    this status and cause.
    """

    what: str
    request: CpmRequest
    left: tuple[str, ...]
    policy: SelectionPolicy = OMA
    known: Known = NOTHING
    iwfs: tuple[Capabilities, ...] = ALL
    out: tuple[str, str, int, str] | None = None


class Steps(SynchronousTestCase):
    def run_table(self, rows: Sequence[Row]) -> None:
        """Select for each row, and compare."""
        for row in rows:
            with self.subTest(row.what):
                selection = select(row.request, row.iwfs, row.policy, row.known, 7)
                self.assertEqual(selection.candidates, row.left)
                if row.out is not None:
                    self.assertIn(row.out, excluded(selection))

    def test_step_1_policy_of_the_service(self) -> None:
        """1. A service that policy does not allow is eliminated. [TS 5.1 step 1]"""
        no_sms = services(pager=("MMS", "email"))
        none = services(pager=())
        self.run_table(
            [
                Row("all are allowed", PLAIN, ("SMS", "MMS", "email")),
                Row(
                    "SMS is not",
                    PLAIN,
                    ("MMS", "email"),
                    no_sms,
                    out=("1", "SMS", 488, "service-not-allowed"),
                ),
                Row(
                    "another kind is not concerned",
                    request(kind=Kind.LARGE),
                    ("SMS", "MMS", "email"),
                    no_sms,
                ),
                Row("none is", PLAIN, (), none),
                Row(
                    "names count in any case",
                    PLAIN,
                    ("SMS",),
                    services(pager=("sms",)),
                ),
            ]
        )

    def test_step_1_policy_of_the_network(self) -> None:
        """1. What is not interworked in the originating network. [TS 5.1 step 1]"""
        messages = policy(originating=("pager",))
        session = request(kind=Kind.SESSION, terminating=False)
        self.run_table(
            [
                Row("a message is", request(terminating=False), NAMES, messages),
                Row(
                    "a session is not",
                    session,
                    (),
                    messages,
                    out=("1", "MMS", 488, "originating-network"),
                ),
                Row("it is in the terminating network", PLAIN, NAMES, messages),
                Row("it is by default", session, NAMES),
            ]
        )

    def test_step_2_policy_of_the_target(self) -> None:
        """2. In the terminating network, what may reach this user. [TS 5.1 step 2]"""
        rules = policy(
            targets=(
                TargetRule(prefix="+1", services=("SMS", "MMS")),
                TargetRule(prefix="+1514", services=("MMS",)),
                TargetRule(prefix="+15145550003", services=()),
            )
        )
        self.run_table(
            [
                Row(
                    "the longest prefix counts",
                    PLAIN,
                    ("MMS",),
                    rules,
                    out=("2", "SMS", 488, "target-not-allowed"),
                ),
                Row(
                    "a shorter one",
                    request(target="+16135550002"),
                    ("SMS", "MMS"),
                    rules,
                ),
                Row("no services at all", request(target="+15145550003"), (), rules),
                Row("another user", request(target="+34911234567"), NAMES, rules),
                Row(
                    "not in the originating network",
                    request(terminating=False),
                    NAMES,
                    rules,
                ),
            ]
        )

    def test_step_3_address_of_the_originator(self) -> None:
        """3. Without a routable originator's address: 488. [TS 5.1 step 3]"""
        nobody = request(originator="")
        group = request(kind=Kind.GROUP, originator="")
        pool = Known(numbered=frozenset({"sms"}))
        self.run_table(
            [
                Row(
                    "no number, no service of numbers",
                    nobody,
                    ("email",),
                    out=("3", "SMS", 488, "no-originator-address"),
                ),
                Row("none can be assigned", nobody, (), iwfs=(SMS, MMS)),
                Row("a mail address is assigned", nobody, ("email",), iwfs=(EMAIL,)),
                Row("a group gets a number", group, ("SMS", "email"), known=pool),
                Row("only where there is a pool", group, ("email",)),
            ]
        )
        refusal = select(nobody, (SMS, MMS), OMA).refusal
        self.assertEqual((refusal.status, refusal.cause), (488, NO_ADDRESS))
        self.assertIn("originator", refusal.warning)

    def test_step_4_indicated_service(self) -> None:
        """4. A notification goes by the service it names, at once. [TS 5.1 step 4]"""
        kind = Kind.NOTIFICATION
        named = request(kind=kind, nccsid="mms", characteristics=IMAGE)
        self.run_table(
            [
                Row("MMS, in any case", named, ("MMS",)),
                Row(
                    "the rest is bypassed",
                    request(kind=kind, nccsid="SMS", target="", target_scheme="x"),
                    ("SMS",),
                ),
                Row(
                    "also the user's preference",
                    named,
                    ("MMS",),
                    policy(preferences="require"),
                    Known(preference=("SMS",)),
                ),
                Row("one that is not here", request(kind=kind, nccsid="Skype"), ()),
                Row(
                    "policy comes first",
                    named,
                    (),
                    services(notification=("SMS",)),
                    out=("1", "MMS", 488, "service-not-allowed"),
                ),
                Row(
                    "the originator's address as well",
                    request(kind=kind, nccsid="MMS", originator=""),
                    (),
                    out=("3", "MMS", 488, "no-originator-address"),
                ),
                Row(
                    "a message does not bypass",
                    request(nccsid="SMS", characteristics=IMAGE),
                    ("MMS", "email"),
                ),
                Row("without a name", request(kind=kind), NAMES),
            ]
        )
        refusal = select(request(kind=kind, nccsid="Skype"), ALL, OMA).refusal
        self.assertEqual((refusal.status, refusal.cause), (488, "no-such-service"))
        self.assertIn("Skype", refusal.warning)

    def test_step_5_form_for_notifications(self) -> None:
        """5. A notification goes where there is a form for it. [TS 5.1 step 5]

        It tells of a message that came by a service which has one, whatever the user
        prefers for messages; without such a service one takes it that ends it.
        """
        plain = request(kind=Kind.NOTIFICATION)
        mms = msgspec.structs.replace(MMS, reports=True)
        both = (SMS, mms)
        self.run_table(
            [
                Row("MMS has one, SMS has not", plain, ("MMS", "SMS"), iwfs=both),
                Row("none has one", plain, ("SMS", "MMS"), iwfs=(SMS, MMS)),
                Row("SMS alone", plain, ("SMS",), iwfs=(SMS,)),
                Row(
                    "the user prefers SMS",
                    plain,
                    ("MMS", "SMS"),
                    policy(),
                    Known(preference=("SMS",)),
                    iwfs=both,
                ),
                Row(
                    "it names SMS",
                    request(kind=Kind.NOTIFICATION, nccsid="SMS"),
                    ("SMS",),
                    iwfs=both,
                ),
                Row("a message", request(), ("SMS", "MMS"), iwfs=both),
            ]
        )
        found = select(plain, both, OMA).findings
        self.assertIn(
            ("5", "SMS", Verdict.LAST_RESORT),
            [(each.step, each.iwf, each.verdict) for each in found],
        )

    def test_step_5_content(self) -> None:
        """5. A service that cannot carry the content is out. [TS 5.1 step 5]"""
        video = Characteristics(content_types=("video/mp4",))
        pictures = msgspec.structs.replace(MMS, media=("image/*", "text/plain"))
        offered = Characteristics(content_types=("*",))
        cpim = Characteristics(content_types=("message/cpim", "text/plain"))
        self.run_table(
            [
                Row(
                    "a picture",
                    request(characteristics=IMAGE),
                    ("MMS", "email"),
                    out=("5", "SMS", 415, "content"),
                ),
                Row(
                    "a type that MMS does not take",
                    request(characteristics=video),
                    ("email",),
                    iwfs=(SMS, pictures, EMAIL),
                    out=("5", "MMS", 415, "content"),
                ),
                Row(
                    "a picture that it takes",
                    request(characteristics=IMAGE),
                    ("MMS",),
                    iwfs=(pictures,),
                ),
                Row(
                    "a session that offers none of it: 488",
                    request(kind=Kind.SESSION, characteristics=video),
                    ("MMS", "email"),
                    out=("5", "SMS", 488, "content"),
                ),
                Row(
                    "a session that offers anything",
                    request(kind=Kind.SESSION, characteristics=offered),
                    NAMES,
                ),
                Row(
                    "wrappers are no content",
                    request(kind=Kind.SESSION, characteristics=cpim),
                    NAMES,
                ),
            ]
        )

    def test_file_transfers_that_are_rejected(self) -> None:
        """480 where policy rejects files, for whoever would carry them.

        [TS 6.1.3 step 6]
        """
        file = request(kind=Kind.FILE, characteristics=IMAGE)
        for allowed, status in ((NAMES, 480), (("MMS",), 480), ((), 488)):
            by = services(file=allowed)
            refusal = select(file, ALL, by, NOTHING, 7, "reject").refusal
            self.assertEqual(refusal.status, status, allowed)
        refusal = select(file, ALL, OMA, NOTHING, 7, "reject").refusal
        self.assertEqual(
            (refusal.cause, refusal.section, refusal.retry_after),
            ("file-transfer-policy", "TS 6.1.3 step 6", 7),
        )
        self.assertEqual(select(PLAIN, ALL, OMA, NOTHING, 7, "reject").chosen, "SMS")

    def test_step_5_kind(self) -> None:
        """5. What a service does not interwork at all. [TS 5.1 step 5]"""
        file = request(kind=Kind.FILE, characteristics=IMAGE)
        pager_only = msgspec.structs.replace(SMS, kinds=frozenset({Kind.PAGER}))
        self.run_table(
            [
                Row("a file", file, ("MMS", "email"), services(file=NAMES)),
                Row(
                    "a session",
                    request(kind=Kind.SESSION),
                    (),
                    iwfs=(pager_only,),
                    out=("5", "SMS", 488, "kind-not-carried"),
                ),
            ]
        )

    def test_step_5_size(self) -> None:
        """5. Text goes by SMS up to a limit of the provider. [TS 5.1 step 5]"""
        limit = policy(text_size_limit=160, large_text=0)
        for size, left in ((160, ("SMS", "MMS")), (161, ("MMS",))):
            with self.subTest(size=size):
                selection = select(
                    request(characteristics=text_of_size(size)), (SMS, MMS), limit
                )
                self.assertEqual(selection.candidates, left)
        refusal = select(
            request(characteristics=text_of_size(161)), (SMS,), limit
        ).refusal
        self.assertEqual((refusal.status, refusal.warning_code), (413, 133))

    def test_step_5_note_2_large_text(self) -> None:
        """5, NOTE 2. Large text goes by SMS where nothing else is left."""
        for size, left in (
            (559, ("SMS", "MMS", "email")),
            (560, ("MMS", "email", "SMS")),
        ):
            with self.subTest(size=size):
                selection = select(
                    request(characteristics=text_of_size(size)), ALL, OMA
                )
                self.assertEqual(selection.candidates, left)
        alone = select(request(characteristics=text_of_size(5_000)), (SMS,), OMA)
        self.assertEqual(alone.chosen, "SMS")

    def test_step_5_large_mode(self) -> None:
        """5. Large mode of unknown size or content is no case for SMS."""
        text = Characteristics(content_types=("text/plain",))
        anything = Characteristics(content_types=("*",))
        for content in (text, anything):
            large = request(kind=Kind.LARGE, characteristics=content)
            self.assertEqual(select(large, (SMS, MMS), OMA).chosen, "MMS")
            self.assertEqual(select(large, (SMS,), OMA).chosen, "SMS")

    def test_step_5_session_without_messages(self) -> None:
        """5. A session that offers no messages is none that a service carries."""
        nothing = Characteristics(content_types=())
        session = request(kind=Kind.SESSION, characteristics=nothing)
        selection = select(session, (SMS, MMS), OMA)
        self.assertEqual((selection.chosen, selection.refusal.status), ("", 488))

    def test_step_5_text_with_more(self) -> None:
        """5. SMS takes the text of a mixed message only as the last resort."""
        self.run_table(
            [
                Row("last", request(characteristics=MIXED), ("MMS", "email", "SMS")),
                Row("alone", request(characteristics=MIXED), ("SMS",), iwfs=(SMS,)),
                Row(
                    "or never",
                    request(characteristics=MIXED),
                    ("MMS", "email"),
                    policy(mixed_content="refuse"),
                    out=("5", "SMS", 415, "content"),
                ),
            ]
        )

    def test_step_5_streams(self) -> None:
        """5. A session has at most as many media streams as policy allows."""
        for streams, left in ((1, ("SMS",)), (2, ())):
            with self.subTest(streams=streams):
                content = Characteristics(content_types=("*",), streams=streams)
                session = request(kind=Kind.SESSION, characteristics=content)
                self.assertEqual(
                    select(session, (SMS,), policy(most_streams=1)).candidates, left
                )

    def test_step_5_target(self) -> None:
        """5. A target that the service does not reach: 404, or 416."""
        mail = request(target="", target_scheme="mailto")
        nowhere = request(target="", mailbox="")
        self.run_table(
            [
                Row("a mailbox", mail, ("email",), out=("5", "SMS", 416, "uri-scheme")),
                Row(
                    "no address at all",
                    nowhere,
                    (),
                    out=("5", "email", 404, "unroutable-target"),
                ),
            ]
        )
        self.assertEqual(select(nowhere, ALL, OMA).refusal.status, 404)
        other = request(target="", target_scheme="xmpp", mailbox="")
        self.assertEqual(select(other, (SMS, MMS), OMA).refusal.status, 416)

    def test_step_6_identifier_in_the_address(self) -> None:
        """6. The destination address names a service. [TS 5.1 step 6]"""
        mms = request(nccsid="mms")
        self.run_table(
            [
                Row("preferred", mms, ("MMS", "SMS", "email")),
                Row(
                    "required",
                    mms,
                    ("MMS",),
                    policy(identifier="require"),
                    out=("6", "SMS", 488, "no-such-service"),
                ),
                Row("ignored", mms, NAMES, policy(identifier="ignore")),
                Row("one that is not here", request(nccsid="Skype"), NAMES),
                Row(
                    "that cannot carry it",
                    request(nccsid="SMS", characteristics=IMAGE),
                    ("MMS", "email"),
                ),
            ]
        )

    def test_step_7_preferences(self) -> None:
        """7. The target user prefers a service. [TS 5.1 step 7]"""
        mail = Known(preference=("email", "MMS"))
        self.run_table(
            [
                Row("preferred", PLAIN, ("email", "MMS", "SMS"), known=mail),
                Row(
                    "required",
                    PLAIN,
                    ("email", "MMS"),
                    policy(preferences="require"),
                    mail,
                    out=("7", "SMS", 488, "not-preferred"),
                ),
                Row("ignored", PLAIN, NAMES, policy(preferences="ignore"), mail),
                Row(
                    "not in the originating network",
                    request(terminating=False),
                    NAMES,
                    known=mail,
                ),
                Row(
                    "no preference",
                    PLAIN,
                    NAMES,
                    policy(preferences="require"),
                    Known(preference=()),
                ),
                Row(
                    "the address goes before the user",
                    request(nccsid="SMS"),
                    ("SMS", "email", "MMS"),
                    known=mail,
                ),
                Row(
                    "the user goes before the size",
                    request(characteristics=text_of_size(900)),
                    ("SMS", "MMS", "email"),
                    known=Known(preference=("SMS",)),
                ),
            ]
        )

    def test_step_7_preferences_that_cannot_be_had(self) -> None:
        """7. The XDMS is down: as policy says, go on or 480. [TS 5.1 step 7]"""
        down = Known(preference_fault="timeout")
        self.run_table(
            [
                Row("ignored", PLAIN, NAMES, known=down),
                Row(
                    "refused",
                    PLAIN,
                    (),
                    policy(preferences_unavailable="refuse"),
                    down,
                    out=("7", "SMS", 480, "preferences-unavailable"),
                ),
            ]
        )
        refuse = policy(preferences_unavailable="refuse")
        error = select(PLAIN, ALL, refuse, down, 7).refusal.error()
        self.assertEqual(error.status, 480)
        self.assertEqual(error.headers, (("Retry-After", "7"),))

    def test_steps_7a_and_8_numbers(self) -> None:
        """7a, 8. A group session needs a number of the service. [TS 5.1 step 8]"""
        group = request(kind=Kind.GROUP)
        self.run_table(
            [
                Row(
                    "only SMS has numbers",
                    group,
                    ("SMS", "email"),
                    known=Known(numbered=frozenset({"sms"})),
                    out=("8", "MMS", 488, "no-number-pool"),
                ),
                Row("a session of two needs none", request(kind=Kind.SESSION), NAMES),
            ]
        )

    def test_step_9_most_appropriate(self) -> None:
        """9. What is left is taken in the order of the policy. [TS 5.1 step 9]"""
        backwards = services(pager=("email", "MMS", "SMS"))
        twins = (SMS, msgspec.structs.replace(SMS, name="SMS-2"))
        self.run_table(
            [
                Row("the policy's", PLAIN, ("email", "MMS", "SMS"), backwards),
                Row("two of one service", PLAIN, ("SMS", "SMS-2"), iwfs=twins),
            ]
        )
        selection = select(PLAIN, ALL, OMA)
        last = selection.findings[-1]
        self.assertEqual((last.step, last.iwf, last.verdict), CHOSEN_SMS)
        self.assertIn("MMS, email", last.text)

    def test_step_11b_attempted(self) -> None:
        """11 b. What has been attempted is not chosen again. [TS 5.1 step 11b]"""
        self.run_table(
            [
                Row(
                    "one",
                    PLAIN,
                    ("MMS", "email"),
                    known=Known(attempted=frozenset({"SMS"})),
                    out=("11b", "SMS", 488, "tried"),
                ),
                Row(
                    "all",
                    PLAIN,
                    (),
                    known=Known(attempted=frozenset(NAMES)),
                ),
            ]
        )

    def test_step_11d_none_is_left(self) -> None:
        """11 d. None is left: 488, unless all agree on another answer."""
        picture = request(characteristics=IMAGE)
        self.assertEqual(select(picture, (SMS,), OMA).refusal.status, 415)
        pictures = msgspec.structs.replace(MMS, media=("image/*",))
        long = request(characteristics=text_of_size(161))
        refusal = select(long, (SMS, pictures), policy(text_size_limit=160)).refusal
        self.assertEqual((refusal.status, refusal.cause), (488, "no-service"))
        self.assertIn("more than 160 octets of text; MMS takes no", refusal.warning)
        self.assertEqual(select(PLAIN, (), OMA).refusal.status, 488)
        self.assertEqual(select(PLAIN, (), OMA).chosen, "")

    def test_refusal_of_who_came_furthest(self) -> None:
        """What policy has ruled out before does not hide why the last one failed."""
        only_sms = services(pager=("SMS",))
        refusal = select(request(characteristics=IMAGE), ALL, only_sms).refusal
        self.assertEqual((refusal.status, refusal.section), (415, "TS 5.1 step 5"))

    def test_refusal_within_step_5(self) -> None:
        """Nor does a service that has not the kind, or not the target, hide it."""
        pager = msgspec.structs.replace(SMS, kinds=frozenset({Kind.PAGER}))
        mail = request(kind=Kind.SESSION, target="", target_scheme="urn", mailbox="")
        self.assertEqual(select(mail, (pager, MMS), OMA).refusal.status, 416)
        nowhere = msgspec.structs.replace(mail, target_scheme="sip")
        self.assertEqual(select(nowhere, (pager, MMS), OMA).refusal.status, 404)
        picture = request(characteristics=IMAGE, mailbox="")
        self.assertEqual(select(picture, (SMS, EMAIL), OMA).refusal.status, 415)


def excluded(selection: Selection) -> list[tuple[str, str, int, str]]:
    """Step, IWF, status and cause of each exclusion."""
    return [
        (each.step, each.iwf, each.refusal.status, each.refusal.cause)
        for each in selection.findings
        if each.verdict is Verdict.EXCLUDED and each.refusal
    ]
