"""The User Access Policy document: what is read of it, and what it means for whom."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.xdms.document import (
    ACTIONS,
    MECHANISMS,
    MOST_SERVICES,
    read_preferences,
)
from cpmgw.isf.xdms.rules import Period, PreferenceError, preferred
from tests.isf.xdms.policies import (
    ALICE,
    BOB,
    HIDDEN,
    NOON,
    NUMBER,
    action,
    document,
    identity,
    one,
    rule,
    validity,
)


class PreferenceTestCase(SynchronousTestCase):
    """Documents in, services out."""

    def services(
        self, *rules: str, originator: str = ALICE, now: float = NOON
    ) -> tuple[str, ...]:
        """What is preferred."""
        return preferred(read_preferences(document(*rules)), originator, now)

    def assertExpired(self, *rules: str, originator: str = ALICE) -> None:
        """What would have been preferred is not valid any more."""
        error = self.assertRaises(
            PreferenceError, self.services, *rules, originator=originator
        )
        self.assertEqual(error.reason, "expired")


class Actions(PreferenceTestCase):
    """How the preferred services are named."""

    def test_forms(self) -> None:
        """Services stand in the text or in elements, in order of preference."""
        rows = {
            "SMS": ("SMS",),
            "MMS SMS": ("MMS", "SMS"),
            "email,\n sms;MMS": ("email", "SMS", "MMS"),
            "<oxe:service>MMS</oxe:service><oxe:service>SMS</oxe:service>": (
                "MMS",
                "SMS",
            ),
            '<oxe:service enabler="SMS"/>': ("SMS",),
            '<oxe:mechanism name=" e-mail "/>': ("email",),
            '<oxe:mechanism value="MMS"/><oxe:mechanism id="x-fax"/>': (
                "MMS",
                "x-fax",
            ),
            "<oxe:sms/><oxe:E-Mail/>": ("SMS", "email"),
            "SMS<oxe:mms/>": ("SMS", "MMS"),
            "": (),
            "SMS sms Sms": ("SMS",),
            "&#1057;&#1052;&#1057;": (),
            "a/b <oxe:x>c d</oxe:x>": (),
        }
        for text, services in rows.items():
            self.assertEqual(self.services(rule("", action(text))), services, text)

    def test_mechanisms(self) -> None:
        """SMS, MMS and e-mail are known however they are written. [TS 5.1 step 7]"""
        for word, service in MECHANISMS.items():
            for text in (word, word.upper(), word.title()):
                self.assertEqual(self.services(rule("", action(text))), (service,))

    def test_other_identifiers(self) -> None:
        """A token that is not known is an identifier of its own (Appendix D)."""
        self.assertEqual(self.services(rule("", action("x-Pager"))), ("x-Pager",))
        self.assertEqual(self.services(rule("", action("x" * 32))), ("x" * 32,))
        self.assertEqual(self.services(rule("", action("x" * 33))), ())

    def test_names(self) -> None:
        """Each element that is configured carries the preference, and no other."""
        for name in ACTIONS:
            text = rule("", action("SMS", name))
            self.assertEqual(self.services(text), ("SMS",), name)
        for name in ("allow-interwork", "allow-store", "preferred"):
            self.assertEqual(self.services(rule("", action("SMS", name))), (), name)
        data = document(rule("", action("SMS", "Bearer")))
        read = read_preferences(data, actions=("bearer",))
        self.assertEqual(preferred(read, ALICE, NOON), ("SMS",))

    def test_number_of_services(self) -> None:
        """So many services of a rule are read, and not one more."""
        words = [f"s{number}" for number in range(MOST_SERVICES + 1)]
        text = rule("", action(" ".join(words)))
        self.assertEqual(self.services(text), tuple(words[:-1]))

    def test_place(self) -> None:
        """What is not in the actions of a rule is no preference."""
        name = ACTIONS[0]
        for text in (
            action("SMS", name),
            f"<cr:rule>{action('SMS', name)}</cr:rule>",
            f"<x>{rule('', action('SMS', name))}</x>",
            f"<cr:rule><cr:transformations>{action('SMS')}</cr:transformations>"
            "</cr:rule>",
        ):
            self.assertEqual(self.services(text), (), text)


class Identities(PreferenceTestCase):
    """Who the originator is (RFC 4745 7.1)."""

    def test_matching(self) -> None:
        """A rule holds for those whom its identity names, and for no other."""
        many = "<cr:many{}>{}</cr:many>"
        domain = ' domain="ims.example.net"'
        rows: list[tuple[str, str, bool]] = [
            ("", ALICE, True),
            ("", HIDDEN, True),
            (one(ALICE), ALICE, True),
            (one("sip:alice@IMS.Example.NET;user=phone"), ALICE, True),
            (one("sip:Alice@ims.example.net"), ALICE, False),
            (one(ALICE), BOB, False),
            (one(ALICE), HIDDEN, False),
            (one(ALICE), "", False),
            (one(NUMBER), "sip:+15145550100@ims.example.net;user=phone", True),
            (one("sip:+15145550100@a.example"), NUMBER, True),
            (one(NUMBER), "tel:+15145550101", False),
            (one(HIDDEN), HIDDEN, False),
            (one("nonsense"), "nonsense", False),
            (identity(""), ALICE, False),
            (identity(f'<cr:one id="{BOB}"/><cr:one id="{ALICE}"/>'), ALICE, True),
            (identity(many.format("", "")), ALICE, True),
            (identity(many.format("", "")), NUMBER, True),
            (identity(many.format("", "")), HIDDEN, False),
            (identity(many.format("", "")), "http://a.example/", False),
            (identity(many.format(domain, "")), ALICE, True),
            (identity(many.format(domain.replace("ims", "IMS"), "")), ALICE, True),
            (identity(many.format(domain, "")), BOB, False),
            (identity(many.format(domain, "")), NUMBER, False),
            (identity(many.format("", f'<cr:except id="{ALICE}"/>')), ALICE, False),
            (identity(many.format("", f'<cr:except id="{ALICE}"/>')), BOB, True),
            (identity(many.format("", f"<cr:except{domain}/>")), ALICE, False),
            (identity(many.format("", f"<cr:except{domain}/>")), BOB, True),
            (identity(many.format("", "<cr:except/>")), BOB, False),
            (identity(many.format("", '<cr:except id="x y"/>')), BOB, False),
            ("<ocp:anonymous-request/>", HIDDEN, True),
            ("<ocp:anonymous-request/>", "", True),
            ("<ocp:anonymous-request/>", ALICE, False),
        ]
        for condition, originator, holds in rows:
            services = self.services(
                rule(condition, action("SMS")), originator=originator
            )
            self.assertEqual(bool(services), holds, (condition, originator))

    def test_conditions_that_cannot_be_known(self) -> None:
        """A condition that nobody here can find true is not true (RFC 4745 7)."""
        for condition in (
            '<cr:sphere value="work"/>',
            '<ocp:external-list><ocp:entry anc="http://a/b"/></ocp:external-list>',
            "<oxe:upp-list><oxe:upp>home</oxe:upp></oxe:upp-list>",
            '<x xmlns="urn:x"/>',
            validity("2000-01-01T00:00:00Z") * 2,
        ):
            self.assertEqual(self.services(rule(condition, action("SMS"))), ())

    def test_service_list(self) -> None:
        """A rule for other enablers than CPM is none for CPM."""
        listed = "<oxe:service-list>{}</oxe:service-list>"
        cpm, poc = '<oxe:service enabler="CPM"/>', '<oxe:service enabler="PoC"/>'
        for inside, holds in (
            (cpm, True),
            (poc + cpm, True),
            (poc, False),
            ("", False),
        ):
            text = rule(listed.format(inside), action("SMS"))
            self.assertEqual(bool(self.services(text)), holds, inside)

    def test_media_list(self) -> None:
        """What is carried was looked at before, and is no matter here."""
        listed = "<oxe:media-list><oxe:standalone-message/></oxe:media-list>"
        self.assertEqual(self.services(rule(listed, action("SMS"))), ("SMS",))

    def test_all_conditions(self) -> None:
        """All conditions of a rule have to be true (RFC 4745 7)."""
        text = rule(one(ALICE) + validity("2027-01-01T00:00:00Z"), action("SMS"))
        self.assertEqual(self.services(text), ())


class Precedence(PreferenceTestCase):
    """What several rules come to."""

    def test_named_before_everybody(self) -> None:
        """What is said of the originator comes first, the rest behind it."""
        everybody = rule("", action("email MMS"))
        named = rule(one(ALICE), action("SMS mms"))
        services = self.services(everybody, named)
        self.assertEqual(services, ("SMS", "MMS", "email"))
        self.assertEqual(
            self.services(everybody, named, originator=BOB), ("email", "MMS")
        )

    def test_order_of_the_document(self) -> None:
        """Rules that are as narrow count in the order in which they stand."""
        first, second = rule("", action("MMS")), rule("", action("SMS"))
        self.assertEqual(self.services(first, second), ("MMS", "SMS"))
        self.assertEqual(self.services(second, first), ("SMS", "MMS"))

    def test_others(self) -> None:
        """A rule for others is for those whom no rule names."""
        others = rule("<ocp:other-identity/>", action("email"))
        named = rule(one(ALICE), "")
        self.assertEqual(self.services(others, named, originator=BOB), ("email",))
        self.assertEqual(self.services(others, named), ())

    def test_nobody(self) -> None:
        """No rule, no preference."""
        self.assertEqual(self.services(), ())


class Validity(PreferenceTestCase):
    """When a rule holds (RFC 4745 7.4)."""

    def test_bounds(self) -> None:
        """A rule holds from its first moment on and until before its last."""
        text = rule(
            validity("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"), action("SMS")
        )
        self.assertEqual(self.services(text, now=NOON - 1), ())
        self.assertEqual(self.services(text, now=NOON), ("SMS",))
        self.assertEqual(self.services(text, now=NOON + 3599), ("SMS",))
        for now in (NOON + 3600, NOON + 1e9):
            error = self.assertRaises(PreferenceError, self.services, text, now=now)
            self.assertEqual(error.reason, "expired")

    def test_periods(self) -> None:
        """Each pair is a period; what is missing of a pair is open."""
        rows = {
            ("2026-01-01T00:00:00Z",): True,
            ("2026-03-01T13:00:00+02:00", "2026-03-01T12:30:00Z"): True,
            ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"): False,
            (
                "2020-01-01T00:00:00Z",
                "2020-01-02T00:00:00Z",
                "2026-01-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ): True,
            ("yesterday", "2027-01-01T00:00:00Z"): False,
            ("2026-01-01T00:00:00Z", "for ever"): False,
            ("", "2027-01-01T00:00:00Z"): False,
            (): False,
        }
        for times, holds in rows.items():
            text = rule(validity(*times), action("SMS"))
            self.assertEqual(bool(self.services(text)), holds, times)

    def test_open_beginning(self) -> None:
        """An until without a from ends a period that always was."""
        until = "<cr:validity><cr:until>{}</cr:until></cr:validity>"
        future = rule(until.format("2027-01-01T00:00:00Z"), action("SMS"))
        self.assertEqual(self.services(future), ("SMS",))
        self.assertExpired(rule(until.format("2025-01-01T00:00:00Z"), action("SMS")))

    def test_expired(self) -> None:
        """An expired rule counts as expired only where it would have mattered."""
        past = validity("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
        expired = rule(past, action("SMS"))
        self.assertExpired(expired)
        self.assertExpired(rule(past + one(ALICE), action("SMS")))
        self.assertEqual(
            self.services(rule(past + one(ALICE), action("SMS")), originator=BOB), ()
        )
        self.assertEqual(self.services(expired, rule("", action("MMS"))), ("MMS",))
        self.assertEqual(self.services(rule(past, "")), ())
        others = rule(past + "<ocp:other-identity/>", action("SMS"))
        self.assertExpired(others)
        self.assertEqual(self.services(others, rule(one(ALICE), "")), ())

    def test_document(self) -> None:
        """A whole document may be valid for a time, too."""
        text = rule("", action("SMS"))
        past = validity("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
        self.assertExpired(past, text)
        future = validity("2027-01-01T00:00:00Z")
        self.assertEqual(self.services(future, text), ())
        present = validity("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
        self.assertEqual(self.services(present, text), ("SMS",))
        self.assertEqual(self.services("<cr:validity/>", text), ())

    def test_period(self) -> None:
        """A period without bounds holds always."""
        self.assertTrue(Period().holds(NOON))
