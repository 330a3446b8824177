"""Which way things point: the rules of docs/architecture.md, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import msgspec
from twisted.trial.unittest import SynchronousTestCase

ROOT: Final = Path(__file__).parents[1]

SHELLS: Final = frozenset(
    {
        "cpmgw.addressing.directory",
        "cpmgw.msrp.asking",
        "cpmgw.msrp.connection",
        "cpmgw.msrp.connections",
        "cpmgw.msrp.inbox",
        "cpmgw.msrp.interfaces",
        "cpmgw.msrp.node",
        "cpmgw.msrp.parties",
        "cpmgw.msrp.post",
        "cpmgw.msrp.relay",
        "cpmgw.msrp.session",
        "cpmgw.msrp.tls",
        "cpmgw.sip.acknowledging",
        "cpmgw.sip.attempts",
        "cpmgw.sip.connections",
        "cpmgw.sip.dialogs.call",
        "cpmgw.sip.dialogs.calls",
        "cpmgw.sip.dialogs.exchange",
        "cpmgw.sip.dialogs.incoming",
        "cpmgw.sip.dialogs.modifying",
        "cpmgw.sip.dialogs.outgoing",
        "cpmgw.sip.dialogs.ringing",
        "cpmgw.sip.dialogs.subscribing",
        "cpmgw.sip.dialogs.subscriptions",
        "cpmgw.sip.dialogs.wakes",
        "cpmgw.sip.endpoint",
        "cpmgw.sip.listeners",
        "cpmgw.sip.proxy",
        "cpmgw.sip.replies",
        "cpmgw.sip.resolver",
        "cpmgw.sip.serving",
        "cpmgw.sip.stack",
        "cpmgw.sip.transport",
        "cpmgw.sip.uac",
        "cpmgw.smtp.client",
        "cpmgw.smtp.content",
        "cpmgw.smtp.dialling",
        "cpmgw.smtp.inquiry",
        "cpmgw.smtp.interfaces",
        "cpmgw.smtp.listener",
        "cpmgw.smtp.mails",
        "cpmgw.smtp.pool",
        "cpmgw.smtp.route",
        "cpmgw.smtp.server",
        "cpmgw.smtp.tls",
        "cpmgw.smtp.turning_away",
        "txsmpp.client",
        "txsmpp.connection",
        "txsmpp.interfaces",
        "txsmpp.outbind",
        "txsmpp.outbox",
        "txsmpp.protocol",
        "txsmpp.sender",
        "txsmpp.server",
        "txsmpp.tls",
    }
)
"""The modules of the protocol folders that touch a transport, a clock or a log."""

SANS_IO: Final = (
    "txsmpp",
    "cpmgw.bodies",
    "cpmgw.mm4",
    "cpmgw.smtp",
    "cpmgw.sip",
    "cpmgw.sdp",
    "cpmgw.msrp",
    "cpmgw.cpm",
    "cpmgw.addressing",
)
"""Here every other module only computes."""

OUTSIDE: Final = frozenset(
    {"asyncio", "logging", "select", "socket", "ssl", "threading", "time", "twisted"}
)
"""What a module that only computes does not import."""

UPPER: Final = (
    "cpmgw.isf",
    "cpmgw.iwf",
    "cpmgw.gateway",
    "cpmgw.admin",
    "cpmgw.cli",
    "cpmgw.lab",
    "cpmgw.tap",
)
TRANSPORTS: Final = (
    "cpmgw.sip.endpoint",
    "cpmgw.sip.transport",
    "cpmgw.msrp.node",
    "cpmgw.msrp.connection",
    "cpmgw.smtp.client",
    "cpmgw.smtp.pool",
    "cpmgw.smtp.server",
    "cpmgw.store.sqlite",
    "cpmgw.store.postgres",
    "txsmpp.client",
    "txsmpp.server",
)
REACTOR: Final = "twisted.internet.reactor"
REACTOR_USERS: Final = frozenset({"cpmgw.tap"})
"""Where the process begins; everything else is given a reactor."""


class Import(msgspec.Struct, frozen=True):
    """One import: of a module, or of a name that may be a module, at a line."""

    target: str
    line: int
    deferred: bool


class Module(msgspec.Struct, frozen=True):
    """A module of ours, and what it imports while the program runs."""

    name: str
    tree: ast.Module
    imports: Sequence[Import]


def modules_of(root: Path, *packages: str) -> dict[str, Module]:
    """Every module of the packages below a folder."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = module_from(name, path.read_text("utf-8"))
    return found


def module_from(name: str, source: str) -> Module:
    """Read one module's imports; those for type checking only do not count."""
    tree = ast.parse(source)
    return Module(name, tree, tuple(_imports(tree, deferred=False)))


def within(name: str, packages: Sequence[str]) -> bool:
    """Whether a dotted name is one of the packages, or in one."""
    return any(name == each or name.startswith(f"{each}.") for each in packages)


def breaches(
    modules: dict[str, Module], inside: Sequence[str], forbidden: Sequence[str]
) -> list[str]:
    """The imports of something forbidden within some packages."""
    return [
        f"{module.name}:{each.line} imports {each.target}"
        for module in modules.values()
        if within(module.name, inside)
        for each in module.imports
        if within(each.target, forbidden)
    ]


def cycle_in(modules: dict[str, Module]) -> list[str]:
    """The names of a circle of imports at the top of modules, if there is one."""
    graph = {
        module.name: {
            name
            for each in module.imports
            if not each.deferred
            and (name := _module_named(each.target, modules)) is not None
            and name != module.name
        }
        for module in modules.values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _module_named(target: str, modules: dict[str, Module]) -> str | None:
    """The module that an import loads: itself, or where the imported name is from."""
    if target in modules:
        return target
    parent = target.rpartition(".")[0]
    return parent if parent in modules else None


def _imports(node: ast.AST, *, deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, deferred)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                yield Import(f"{child.module}.{alias.name}", child.lineno, deferred)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            orelse = ast.Module(body=child.orelse, type_ignores=[])
            yield from _imports(orelse, deferred=deferred)
        else:
            inner = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(child, deferred=deferred or inner)


class Layering(SynchronousTestCase):
    """The rules, on the modules as they are."""

    modules = modules_of(ROOT, "cpmgw", "txsmpp", "twisted/plugins")

    def test_everything_is_read(self) -> None:
        """The rules are about real modules: each one named here exists."""
        self.assertGreater(len(self.modules), 60)
        self.assertEqual(sorted((SHELLS | REACTOR_USERS) - self.modules.keys()), [])

    def test_txsmpp_stands_alone(self) -> None:
        """txsmpp knows nothing of cpmgw."""
        self.assertEqual(breaches(self.modules, ["txsmpp"], ["cpmgw"]), [])

    def test_protocols_and_store_are_below(self) -> None:
        """The protocols and the store do not know what is built upon them."""
        protocols = ("sip", "sdp", "msrp", "cpm", "smtp", "mm4", "bodies")
        lower = ("cpmgw.store", *(f"cpmgw.{each}" for each in protocols))
        self.assertEqual(breaches(self.modules, lower, UPPER), [])

    def test_protocols_know_no_other(self) -> None:
        """sip knows neither cpm, store nor SMPP; cpm knows of these only sip."""
        others = ("cpmgw.cpm", "cpmgw.store", "txsmpp")
        self.assertEqual(breaches(self.modules, ["cpmgw.sip"], others), [])
        self.assertEqual(breaches(self.modules, ["cpmgw.cpm"], others[1:]), [])

    def test_descriptions_and_messages_stand_alone(self) -> None:
        """Of this project sdp, msrp and smtp know only the errors, and bodies."""
        known = ("cpmgw.errors", "cpmgw.bodies")
        for room in ("cpmgw.sdp", "cpmgw.msrp", "cpmgw.smtp", "cpmgw.bodies"):
            own = {n: e for n, e in self.modules.items() if within(n, [room])}
            foreign = {
                each.target
                for module in own.values()
                for each in module.imports
                if within(each.target, ["cpmgw", "txsmpp"])
                and not within(each.target, [room, *known])
            }
            self.assertEqual(foreign, set())
            self.assertNotEqual(own, {})

    def test_addressing_stands_on_sip_and_cpm(self) -> None:
        """addressing knows of URIs and identities, and of nothing that uses it."""
        others = ("cpmgw.store", "cpmgw.config", "cpmgw.policy", "cpmgw.interfaces")
        inside = ["cpmgw.addressing"]
        self.assertEqual(breaches(self.modules, inside, (*others, "txsmpp")), [])
        self.assertEqual(breaches(self.modules, inside, UPPER), [])
        below = ("cpmgw.sip", "cpmgw.cpm", "cpmgw.store", "txsmpp")
        self.assertEqual(breaches(self.modules, below, inside), [])

    def test_interworking_meets_transports_in_interfaces(self) -> None:
        """isf and iwf see neither a transport nor who builds them."""
        inside = ("cpmgw.isf", "cpmgw.iwf")
        above = ("cpmgw.gateway", "cpmgw.admin", "cpmgw.lab", "cpmgw.tap")
        self.assertEqual(breaches(self.modules, inside, (*above, *TRANSPORTS)), [])

    def test_product_does_without_lab_and_tests(self) -> None:
        """Nothing but the lab imports the lab, and nothing the tests."""
        rest = [each for each in self.modules if not within(each, ["cpmgw.lab"])]
        self.assertEqual(breaches(self.modules, ["cpmgw", "txsmpp"], ["tests"]), [])
        product = {name: self.modules[name] for name in rest}
        self.assertEqual(breaches(product, ["cpmgw", "txsmpp"], ["cpmgw.lab"]), [])

    def test_command_line_is_above(self) -> None:
        """Nothing imports cli, which asks isf and iwf and never a running gateway."""
        rest = {n: e for n, e in self.modules.items() if not within(n, ["cpmgw.cli"])}
        self.assertEqual(breaches(rest, ["cpmgw", "txsmpp"], ["cpmgw.cli"]), [])
        running = ("cpmgw.gateway", "cpmgw.admin", "cpmgw.tap", "cpmgw.store")
        inside = ["cpmgw.cli"]
        self.assertEqual(breaches(self.modules, inside, (*running, *TRANSPORTS)), [])

    def test_codecs_and_machines_are_sans_io(self) -> None:
        """Protocol modules but the shells import no Twisted, clock, log or socket."""
        pure = {n: each for n, each in self.modules.items() if n not in SHELLS}
        self.assertEqual(breaches(pure, SANS_IO, sorted(OUTSIDE)), [])

    def test_reactor_is_named_once(self) -> None:
        """Only the tap imports the reactor."""
        rest = {n: e for n, e in self.modules.items() if n not in REACTOR_USERS}
        self.assertEqual(breaches(rest, ["cpmgw", "txsmpp"], [REACTOR]), [])
        users = breaches(self.modules, ["cpmgw"], [REACTOR])
        self.assertEqual(len(users), len(REACTOR_USERS))

    def test_tables_are_data(self) -> None:
        """The modules of the TS's tables contain no function and no class."""
        code = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        found = [
            f"{module.name}:{node.lineno}"
            for module in self.modules.values()
            if ".tables" in module.name
            for node in ast.walk(module.tree)
            if isinstance(node, code)
        ]
        self.assertEqual(found, [])

    def test_no_circles(self) -> None:
        """No module imports, over however many others, itself."""
        self.assertEqual(cycle_in(self.modules), [])


class Reading(SynchronousTestCase):
    """The rules can be broken."""

    def test_breach(self) -> None:
        """Imports are found at the top, in functions, and as names of a package."""
        source = (
            "import cpmgw.tap\n"
            "from cpmgw import lab\n"
            "def f():\n    from cpmgw.gateway import Gateway\n"
            "from cpmgw.iwfx import other\n"
        )
        module = module_from("cpmgw.sip.x", source)
        self.assertEqual(
            breaches({module.name: module}, ["cpmgw.sip"], UPPER),
            [
                "cpmgw.sip.x:1 imports cpmgw.tap",
                "cpmgw.sip.x:2 imports cpmgw.lab",
                "cpmgw.sip.x:4 imports cpmgw.gateway.Gateway",
            ],
        )

    def test_type_checking(self) -> None:
        """What is imported for the type checker only is no import."""
        source = "if TYPE_CHECKING:\n    import cpmgw.tap\nelse:\n    import time\n"
        module = module_from("a", source)
        self.assertEqual([each.target for each in module.imports], ["time"])

    def test_circle(self) -> None:
        """A circle over a package's name is found; one within functions is none."""
        modules = {
            "a": module_from("a", "from b.c import x\n"),
            "b": module_from("b", ""),
            "b.c": module_from("b.c", "import d\n"),
            "d": module_from("d", "from a import y\n"),
        }
        self.assertEqual(set(cycle_in(modules)), {"a", "b.c", "d"})
        modules["d"] = module_from("d", "def f():\n    from a import y\n")
        self.assertEqual(cycle_in(modules), [])

    def test_reactor(self) -> None:
        """`from twisted.internet import reactor` is an import of the reactor."""
        module = module_from("m", "from twisted.internet import reactor\n")
        self.assertEqual(len(breaches({"m": module}, ["m"], [REACTOR])), 1)
