"""The files under etc/: what they show is what there is."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.settings import DialRule, DirectoryEntry, NamedUser
from cpmgw.config import (
    CredentialsConfig,
    IwfConfig,
    MmscConfig,
    NumberPoolConfig,
    UserConfig,
    load,
    loads,
)
from cpmgw.policy import PROFILES, LanguageRule, TargetRule, profile_text
from tests.test_config import LEAST, SAMPLE, least

ROOT = Path(__file__).parent.parent


def uncommented(text: str) -> str:
    """A sample in which every key that is commented out stands as a key."""
    return re.sub(r'(?m)^#(?=[A-Za-z\[\]]| {4}")', "", text)


def plain(value: Any) -> Any:
    """A struct as tables and lists."""
    return msgspec.json.decode(msgspec.json.encode(value))


def keys_of(table: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Every key of a table by its path; of a list of tables, the first one's."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, dict):
            found |= keys_of(value, f"{path}{name}.")
        else:
            found[path + name] = value
    return found


class Samples(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = SAMPLE.read_text()
        defaults = plain(loads(LEAST, {}))
        defaults["sip"] |= {
            "users": [plain(UserConfig(username="u"))],
            "credentials": [plain(CredentialsConfig(username="u"))],
        }
        defaults["mmsc"] = [plain(MmscConfig(name="x", domain="mms.test"))]
        iwf = IwfConfig(name="x", service="MMS", uri="sip:h")
        defaults["iwf"] = [plain(iwf)]
        pool = NumberPoolConfig(name="x", numbers=())
        defaults["number_pool"] = [plain(pool)]
        defaults["dial_plan"] |= {
            "rules": [plain(DialRule(prefix="7", add="+1"))],
            "names": [plain(NamedUser(name="x", uri="sip:u@h"))],
        }
        entry = DirectoryEntry(number="+1", uri="sip:u@h")
        defaults["directory"] = [plain(entry)]
        rule = TargetRule(prefix="+1", services=())
        defaults["policy"]["selection"]["targets"] = [plain(rule)]
        language = LanguageRule(prefix="+1", language="en")
        defaults["policy"]["session"]["languages"] = [plain(language)]
        self.defaults = keys_of(defaults)

    def required(self) -> set[str]:
        """The keys that have no default."""
        return {
            "gateway.domain",
            "smsc.name",
            "smsc.host",
            "smsc.system_id",
            "mmsc.name",
            "mmsc.domain",
            "sip.users.username",
            "dial_plan.rules.prefix",
            "dial_plan.rules.add",
            "dial_plan.names.name",
            "dial_plan.names.uri",
            "directory.number",
            "directory.uri",
            "iwf.name",
            "iwf.service",
            "iwf.uri",
            "number_pool.name",
            "number_pool.numbers",
            "policy.selection.targets.prefix",
            "policy.selection.targets.services",
            "policy.session.languages.prefix",
            "policy.session.languages.language",
            "sip.credentials.username",
        }

    def test_names(self) -> None:
        """The sample has every key there is and no other."""
        keys = keys_of(tomllib.loads(uncommented(self.text)))
        self.assertEqual(sorted(self.defaults), sorted(keys))

    def test_defaults(self) -> None:
        """What is commented out, or noted beside a value, is the true default."""
        text = re.sub(
            r"(?m)^(\w+) = .*# default: (.*)$", r"\1 = \2", uncommented(self.text)
        )
        text = re.sub(r'"\$\{\w+\}"', '""', text)  # an example of a variable
        keys = keys_of(tomllib.loads(text))
        for name in sorted(self.defaults.keys() - self.required()):
            self.assertEqual(self.defaults[name], keys[name], name)

    def test_loads(self) -> None:
        """The sample loads as it is."""
        load(str(SAMPLE), {})

    def test_loads_uncommented(self) -> None:
        """The sample loads with every key uncommented."""
        secrets = {"PF_PASSWORD": "a", "IWF_PASSWORD": "b"}
        config = loads(uncommented(self.text), secrets)
        self.assertEqual("b", config.sip.credentials[0].password)

    def test_every_key_is_explained(self) -> None:
        """Keys stand under a comment, alone or with those it speaks of too."""
        above = ""
        for line in self.text.splitlines():
            if re.match(r"#?[a-z_A-Z-]+ = ", line):
                self.assertTrue(above.startswith(("#", "[")) or " = " in above, line)
            above = line or ""

    def test_profiles_are_those_shipped(self) -> None:
        """etc/profiles shows the profiles that are in the package."""
        folder = ROOT / "etc" / "profiles"
        names = sorted(each.name for each in folder.iterdir())
        self.assertEqual([f"{name}.toml" for name in sorted(PROFILES)], names)
        for name in PROFILES:
            self.assertEqual(
                profile_text(name), (folder / f"{name}.toml").read_text(), name
            )

    def test_profiles_stand_alone(self) -> None:
        """A profile of ours can be named as a file and copied by an operator."""
        for name in PROFILES:
            path = os.fspath(ROOT / "etc" / "profiles" / f"{name}.toml")
            by_file = loads(least(gateway=f'profile = "{path}"'), {})
            by_name = loads(least(gateway=f'profile = "{name}"'), {})
            self.assertEqual(by_name.policy, by_file.policy)

    def test_unit(self) -> None:
        """The systemd unit starts the gateway in the foreground and lets it stop."""
        unit = (ROOT / "etc" / "cpmgw.service").read_text()
        self.assertIn("twistd --pidfile= -n cpmgw --config", unit)
        self.assertIn("--check", unit)
        self.assertIn("ExecReload=/bin/kill -HUP $MAINPID\n", unit)
