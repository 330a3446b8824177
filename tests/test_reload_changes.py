"""What differs between two configurations, and what of it can take effect at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import Config, MmscConfig, SmscConfig, loads
from cpmgw.config.changes import AT_A_RESTART, AT_ONCE, Changes, changes
from cpmgw.connections import endpoint_settings
from cpmgw.sip.settings import CHANGEABLE
from tests.test_config import least

BEFORE = loads(least(), {})

IWF = '[[iwf]]\nname = "{0}"\nservice = "MMS"\nuri = "sip:192.0.2.1"\n'
POOL = '[[number_pool]]\nname = "{0}"\nnumbers = ["{1}"]\n'
CENTRE = '[[smsc]]\nname = "{0}"\nhost = "127.0.0.1"\nsystem_id = "cpmgw"\n'

MMS = """
[mm4]
listen = "tcp:2525:interface=127.0.0.1"
{mm4}
[[mmsc]]
name = "home"
domain = "mms.test"
{mmsc}
"""
RELAY = '[[mmsc]]\nname = "{0}"\ndomain = "mms.test"\n'

# A section, a line in it, what is told of it, and whether it takes effect at once.
TABLE: tuple[tuple[str, str, str, bool], ...] = (
    ("gateway", 'country = "CA"', "gateway.country", True),
    ("gateway", 'state = "sqlite:other"', "gateway.state", False),
    ("sip", 'trusted = ["192.0.2.0/24"]', "sip.trusted", True),
    ("sip", 'users = [{username = "u", password = "p"}]', "sip.users", True),
    (
        "sip",
        'credentials = [{username = "u", password = "p"}]',
        "sip.credentials",
        True,
    ),
    ("sip", 'listen = ["udp:5061"]', "sip.listen", False),
    ("sip", "timing.t1 = 0.25", "sip.timing.t1", False),
    ("sip", "connection.idle = 7.0", "sip.connection.idle", False),
    ("smsc", 'prefixes = ["+1"]', "smsc[home].prefixes", True),
    ("smsc", "protocol_id = 65", "smsc[home].protocol_id", True),
    ("smsc", 'messaging_mode = "default"', "smsc[home].messaging_mode", True),
    ("smsc", 'unknown_ton = "international"', "smsc[home].unknown_ton", True),
    ("smsc", 'response_id = "hex"', "smsc[home].response_id", True),
    ("smsc", "binds = 2", "smsc[home].binds", True),
    ("smsc", "text = {max_segments = 3}", "smsc[home].text.max_segments", True),
    ("smsc", "window = 7", "smsc[home].window", False),
    ("smsc", 'password = "p"', "smsc[home].password", False),
    ("smsc", 'bind = "pair"', "smsc[home].bind", False),
    ("smsc", "tls = {enabled = true}", "smsc[home].tls.enabled", False),
    ("adaptation", "pixels = 100", "adaptation.pixels", True),
    ("mm4", 'domain = "x.test"', "mm4.domain", False),
    ("policy", "retry_after = 7", "policy.retry_after", True),
    (
        "policy",
        "selection.text_size_limit = 9",
        "policy.selection.text_size_limit",
        True,
    ),
    ("policy", "priority.urgent = 3", "policy.priority", True),
    ("xdms", 'root = "http://192.0.2.1/x"', "xdms.root", True),
    ("dial_plan", "short_senders = true", "dial_plan.short_senders", True),
    ("enum", 'suffix = "e164.arpa"', "enum.suffix", True),
    ("log", 'level = "debug"', "log.level", True),
    ("limits", "trace = 7", "limits.trace", True),
    ("limits", "answers = 7", "limits.answers", False),
    ("web", 'token = "0123456789abcdef"', "web.token", True),
    ("web", 'listen = "tcp:8080"', "web.listen", False),
)


def configuration(more: str = "", **sections: str) -> Config:
    """The smallest configuration, with these lines in its sections, and more."""
    return loads(f"{least(**sections)}\n{more}", {})


def mms(mmsc: str = "", mm4: str = "") -> str:
    """A relay, and where it sends to, with these lines."""
    return MMS.format(mmsc=mmsc, mm4=mm4)


def another(value: Any) -> Any:
    """A value of the same type."""
    if isinstance(value, tuple):
        return (*value, "x")
    return value + 1 if isinstance(value, int | float) else f"{value}x"


def keys_of(kind: Any = Config, path: str = "") -> Iterator[str]:
    """Every key of a struct by its path, tables in lists included."""
    for field in msgspec.structs.fields(kind):
        at = f"{path}.{field.encode_name}" if path else field.encode_name
        inner = field.type
        if get_origin(inner) is tuple:
            inner = get_args(inner)[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from keys_of(inner, at)
        else:
            yield at


def tables_around(key: str) -> set[str]:
    """The paths of a key and of the tables that it is in."""
    parts = key.split(".")
    return {".".join(parts[: n + 1]) for n in range(len(parts))}


class Classified(SynchronousTestCase):
    def test_every_key(self) -> None:
        """Each key of a configuration takes effect at once or at a restart: one."""
        for key in keys_of():
            around = tables_around(key)
            at_once, later = bool(around & AT_ONCE), bool(around & AT_A_RESTART)
            self.assertNotEqual(at_once, later, key)

    def test_nothing_else(self) -> None:
        """What is classified is there."""
        known: set[str] = set()
        for key in keys_of():
            known |= tables_around(key)
        self.assertEqual((AT_ONCE | AT_A_RESTART) - known, set())


class Differences(SynchronousTestCase):
    def test_none(self) -> None:
        """Two of the same have none, and the one in force stays as it is."""
        found = changes(BEFORE, configuration())
        self.assertEqual(found, Changes(BEFORE))

    def test_table(self) -> None:
        """Each key is named, and is in force at once or keeps its value."""
        for section, line, path, at_once in TABLE:
            new = configuration(**{section: line})
            found = changes(BEFORE, new)
            told = (found.changed, found.needs_restart)
            self.assertEqual(told, ((path,), ()) if at_once else ((), (path,)), path)
            self.assertEqual(found.config, new if at_once else BEFORE, path)

    def test_every_key(self) -> None:
        """Whatever key it is, the configuration in force has it as it is told."""
        for section in msgspec.structs.fields(Config):
            table = getattr(BEFORE, section.name)
            if not isinstance(table, msgspec.Struct) or section.name == "dial_plan":
                continue  # what numbers mean is looked at while it is compared
            for field in msgspec.structs.fields(type(table)):
                path = f"{section.name}.{field.encode_name}"
                if isinstance(getattr(table, field.name), msgspec.Struct):
                    continue  # the keys in it are
                other = msgspec.structs.replace(table, **{field.name: None})
                new = msgspec.structs.replace(BEFORE, **{section.name: other})
                if path != "gateway.country":
                    self.assert_told(path, path, new, BEFORE)

    def test_every_key_of_a_centre(self) -> None:
        """So for each key of an [[smsc]]."""
        (centre,) = BEFORE.smsc
        for field in msgspec.structs.fields(SmscConfig):
            inner = isinstance(getattr(centre, field.name), msgspec.Struct)
            if inner or field.name == "name":
                continue  # with another name it is another one
            other = msgspec.structs.replace(centre, **{field.name: None})
            new = msgspec.structs.replace(BEFORE, smsc=(other,))
            name = field.encode_name
            self.assert_told(f"smsc[home].{name}", f"smsc.{name}", new, BEFORE)

    def test_every_key_of_a_relay(self) -> None:
        """And of an [[mmsc]]."""
        before = configuration(mms())
        (relay,) = before.mmsc
        for field in msgspec.structs.fields(MmscConfig):
            now = getattr(relay, field.name)
            if isinstance(now, msgspec.Struct) or field.name == "name":
                continue
            other = msgspec.structs.replace(relay, **{field.name: another(now)})
            new = msgspec.structs.replace(before, mmsc=(other,))
            name = field.encode_name
            self.assert_told(f"mmsc[home].{name}", f"mmsc.{name}", new, before)

    def assert_told(self, path: str, key: str, new: Config, before: Config) -> None:
        """What is told of the one key that differs is what is in force."""
        if new == before:
            return
        found = changes(before, new)
        at_once = bool(tables_around(key) & AT_ONCE)
        self.assertEqual(found.changed, (path,) if at_once else ())
        self.assertEqual(found.needs_restart, () if at_once else (path,))
        self.assertEqual(found.config, new if at_once else before, path)

    def test_endpoint(self) -> None:
        """The SIP endpoint can follow whatever is in force."""
        settings = endpoint_settings(BEFORE)
        for section, line, path, _ in TABLE:
            found = changes(BEFORE, configuration(**{section: line}))
            differences = settings.differences(endpoint_settings(found.config))
            self.assertLessEqual(differences, CHANGEABLE, path)

    def test_profile(self) -> None:
        """With a profile, what it changes in the policy is told too."""
        new = configuration(gateway='profile = "rcs"')
        found = changes(BEFORE, new)
        self.assertIn("gateway.profile", found.changed)
        self.assertIn("policy.selection.services", found.changed)
        self.assertEqual(found.config.policy, new.policy)
        self.assertEqual(found.needs_restart, ())

    def test_both_kinds(self) -> None:
        """What can be is in force, beside what cannot be yet."""
        new = configuration(
            sip='host = "gw"\ntrusted = []', smsc='port = 1\nprefixes = ["+1"]'
        )
        found = changes(BEFORE, new)
        self.assertEqual(found.changed, ("sip.trusted", "smsc[home].prefixes"))
        self.assertEqual(found.needs_restart, ("sip.host", "smsc[home].port"))
        self.assertEqual((found.config.sip.host, found.config.sip.trusted), ("", ()))
        (centre,) = found.config.smsc
        self.assertEqual((centre.port, centre.prefixes), (2775, ("+1",)))

    def test_again(self) -> None:
        """What waits for a restart is told each time, what is in force is not."""
        new = configuration(sip='host = "gw"\ntrusted = []')
        once = changes(BEFORE, new)
        again = changes(once.config, new)
        self.assertEqual((again.changed, again.needs_restart), ((), ("sip.host",)))

    def test_secret(self) -> None:
        """Of a secret no more is told than that it is another one."""
        new = configuration(sip='users = [{username = "u", password = "hush-hush"}]')
        found = changes(BEFORE, new)
        self.assertNotIn("hush", repr((found.changed, found.needs_restart, new)))


class Tables(SynchronousTestCase):
    """Lists whose tables have names."""

    def found(self, before: str, after: str) -> tuple[str, ...]:
        """What is told, all of it being at once."""
        found = changes(configuration(before), configuration(after))
        self.assertEqual(found.needs_restart, ())
        self.assertEqual(found.config, configuration(after))
        return found.changed

    def test_iwf(self) -> None:
        """An IWF that comes, goes, changes, or has another place."""
        one, two = IWF.format("one"), IWF.format("two")
        self.assertEqual(self.found("", one), ("iwf[one]",))
        self.assertEqual(self.found(one, ""), ("iwf[one]",))
        self.assertEqual(self.found(one, two), ("iwf[one]", "iwf[two]"))
        changed = one.replace("192.0.2.1", "192.0.2.2")
        self.assertEqual(self.found(one, changed), ("iwf[one].uri",))
        self.assertEqual(self.found(one + two, two + one), ("iwf",))

    def test_number_pools(self) -> None:
        """So for pools."""
        one = POOL.format("one", "+15145559000")
        self.assertEqual(self.found("", one), ("number_pool[one]",))
        more = POOL.format("one", "+15145559000-+15145559009")
        self.assertEqual(self.found(one, more), ("number_pool[one].numbers",))

    def test_smsc(self) -> None:
        """So for SM-SCs, as long as there is one before and after."""
        two = CENTRE.format("two")
        self.assertEqual(self.found("", two), ("smsc[two]",))
        self.assertEqual(self.found(two, ""), ("smsc[two]",))

    def test_order_of_smscs(self) -> None:
        """The order is that of the file, and the old parameters go along."""
        old = configuration(CENTRE.format("two") + "port = 1\n")
        text = least().partition("[[smsc]]")
        new = loads(f"{text[0]}{CENTRE.format('two')}port = 2\n{''.join(text[1:])}", {})
        found = changes(old, new)
        self.assertEqual(found.changed, ("smsc",))
        self.assertEqual(found.needs_restart, ("smsc[two].port",))
        self.assertEqual([each.name for each in found.config.smsc], ["two", "home"])
        self.assertEqual(found.config.smsc[0].port, 1)

    def test_mmsc(self) -> None:
        """So for MMS relays, as long as there is one before and after."""
        one, two = mms(), mms() + RELAY.format("two")
        self.assertEqual(self.found(one, two), ("mmsc[two]",))
        self.assertEqual(self.found(two, one), ("mmsc[two]",))

    def test_keys_of_a_relay(self) -> None:
        """How a relay is reached waits, what goes to it and comes from it does not."""
        new = configuration(
            mms("port = 26\nprefixes = ['+1']\nmedia = {adapt = false}")
        )
        found = changes(configuration(mms()), new)
        self.assertEqual(
            found.changed, ("mmsc[home].prefixes", "mmsc[home].media.adapt")
        )
        self.assertEqual(found.needs_restart, ("mmsc[home].port",))
        (relay,) = found.config.mmsc
        self.assertEqual((relay.port, relay.prefixes), (25, ("+1",)))
        self.assertFalse(relay.media.adapt)

    def test_directory(self) -> None:
        """Tables without names are told of as one."""
        entry = '[[directory]]\nnumber = "+1"\nuri = "sip:{number}@h"\n'
        self.assertEqual(self.found("", entry), ("directory",))


class WithoutSms(SynchronousTestCase):
    """The IWF of SMS itself comes and goes with the first [[smsc]]."""

    def setUp(self) -> None:
        head, _, _ = least().partition("[[smsc]]")
        self.without = loads(head + IWF.format("mms"), {})

    def test_first(self) -> None:
        """The first SM-SC waits for a restart."""
        new = configuration(IWF.format("mms"))
        found = changes(self.without, new)
        self.assertEqual((found.changed, found.needs_restart), ((), ("smsc[home]",)))
        self.assertEqual(found.config, self.without)

    def test_last(self) -> None:
        """So does the last one's end; it stays in force until then."""
        found = changes(configuration(IWF.format("mms")), self.without)
        self.assertEqual((found.changed, found.needs_restart), ((), ("smsc[home]",)))
        self.assertEqual(len(found.config.smsc), 1)

    def test_none_would_be_left(self) -> None:
        """What the last IWF's place is taken by waits: so does its end."""
        found = changes(self.without, BEFORE)
        self.assertEqual(found.changed, ())
        self.assertEqual(set(found.needs_restart), {"smsc[home]", "iwf[mms]"})
        self.assertEqual(found.config, self.without)

    def test_same_name(self) -> None:
        """An IWF elsewhere that is named as the one here waits until that has gone."""
        head, _, _ = least().partition("[[smsc]]")
        new = loads(head + IWF.format("SMS"), {})
        found = changes(BEFORE, new)
        self.assertEqual(set(found.needs_restart), {"smsc[home]", "iwf[SMS]"})
        self.assertEqual(found.config, BEFORE)


class WithoutMms(SynchronousTestCase):
    """So does the IWF of MMS with the first [[mmsc]], and what it needs of [mm4]."""

    def test_first(self) -> None:
        """The first relay waits for a restart, and so does the port."""
        new = configuration(mms("prefixes = ['+1']"))
        found = changes(BEFORE, new)
        self.assertEqual(found.changed, ())
        self.assertEqual(found.needs_restart, ("mmsc[home]", "mm4.listen"))
        self.assertEqual(found.config, BEFORE)

    def test_last(self) -> None:
        """So does the last one's end."""
        before = configuration(mms())
        found = changes(before, BEFORE)
        self.assertEqual(found.changed, ())
        self.assertEqual(found.needs_restart, ("mmsc[home]", "mm4.listen"))
        self.assertEqual(found.config, before)

    def test_in_place_of_sms(self) -> None:
        """Neither comes before the other can go."""
        head, _, _ = least().partition("[[smsc]]")
        new = loads(head + mms(), {})
        found = changes(BEFORE, new)
        self.assertEqual(found.changed, ())
        self.assertEqual(found.config, BEFORE)

    def test_same_name(self) -> None:
        """An IWF elsewhere that is named as this one waits until it has gone."""
        found = changes(configuration(mms()), configuration(IWF.format("MMS")))
        self.assertIn("iwf[MMS]", found.needs_restart)
        self.assertEqual(found.config.iwf, ())

    def test_longer_than_sip_waits(self) -> None:
        """A time that only the next start's [sip] allows waits for that one too."""
        before = configuration(mms())
        new = configuration(
            mms("response_timeout = 40.0\nno_response = 'accept'"),
            sip="handler_timeout = 60.0",
        )
        found = changes(before, new)
        self.assertEqual(found.changed, ())
        self.assertEqual(found.config, before)

    def test_larger_than_mm4_takes(self) -> None:
        """A larger message is no reason to wait: until then MM4 refuses it."""
        more = {"policy": "mms.max_size = 20_000_000"}
        new = configuration(mms("prefixes = ['+1']", "max_size = 40_000_000"), **more)
        found = changes(configuration(mms()), new)
        self.assertEqual(found.changed, ("mmsc[home].prefixes", "policy.mms.max_size"))
        self.assertEqual(found.needs_restart, ("mm4.max_size",))
