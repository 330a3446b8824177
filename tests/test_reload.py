"""Reading the configuration file again: what is told, and what happens at a time."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import Config, load
from cpmgw.config.changes import Changes, changes
from cpmgw.errors import ConfigError, NotRunning
from cpmgw.reloading import Reloader, ReloadInProgress
from tests.test_config import least


class WithFile(SynchronousTestCase):
    """A file, and what follows it."""

    def setUp(self) -> None:
        self.path: str = self.mktemp()
        self.write(least())
        self.config = load(self.path)
        self.told: list[Config] = []
        self.followed = 0
        self.turn: Deferred[None] | None = None
        self.fails: Exception | None = None
        self.reloader = Reloader(self.path, self.follow, self.told.append)

    def write(self, text: str) -> None:
        """Have this in the file."""
        Path(self.path).write_text(text)

    async def follow(self, config: Config) -> Changes:
        """Follow at once, or when it is this one's turn; or fail."""
        self.followed += 1
        if self.turn is not None:
            await self.turn
        if self.fails is not None:
            raise self.fails
        found = changes(self.config, config)
        self.config = found.config
        return found


class Reloading(WithFile):
    def lines(self) -> list[tuple[str, str]]:
        """What a reload logs: levels and texts, without the name of the file."""
        with capturedLogs() as events:
            self.reloader.reload().addErrback(lambda failure: failure.trap(Exception))
        return [
            (event["log_level"].name, formatEvent(event).replace(self.path, "FILE"))
            for event in events
        ]

    def test_changed(self) -> None:
        """What has changed is given, told, and in the log."""
        self.write(least(policy="retry_after = 7", log='level = "warn"'))
        self.assertEqual(
            self.lines(), [("info", "FILE in force: policy.retry_after, log.level")]
        )
        self.assertEqual(self.told, [self.config])
        self.assertEqual(self.config.log.level, "warn")

    def test_needs_a_restart(self) -> None:
        """What has to wait is a warning."""
        self.write(least(policy="retry_after = 7", limits="answers = 7"))
        self.assertEqual(
            self.lines(),
            [
                ("info", "FILE in force: policy.retry_after"),
                ("warn", "FILE needs a restart: limits.answers"),
            ],
        )

    def test_without_effect(self) -> None:
        """Keys that have no effect are given and remarked upon, as by --check."""
        remark = "policy.simple_im.interwork: has no effect in this release"
        self.write(least(**{"policy.simple_im": "interwork = true"}))
        self.assertEqual(
            self.lines(),
            [
                ("info", "FILE in force: policy.simple_im.interwork"),
                ("warn", f"FILE: {remark}"),
            ],
        )
        found = self.successResultOf(self.reloader.reload())
        self.assertEqual(found.remarks, (remark,))

    def test_nothing(self) -> None:
        """That there is nothing new is told as well."""
        self.assertEqual(self.lines(), [("info", "FILE has not changed")])

    def test_faulty(self) -> None:
        """Each fault is an error in the log, and nothing is followed."""
        self.write(least(polcy="x = 1", smsc="window = 0"))
        lines = self.lines()
        self.assertEqual({level for level, _ in lines}, {"error"})
        texts = [text for _, text in lines]
        self.assertTrue(texts[0].startswith("FILE: polcy: unknown key"), texts)
        self.assertTrue(texts[1].startswith("FILE: smsc[0].window: "), texts)
        self.assertEqual(texts[2:], ["the configuration stays as it was"])
        self.assertEqual((self.followed, self.told), (0, []))

    def test_gone(self) -> None:
        """So is a file that is not there any more."""
        Path(self.path).unlink()
        self.assertEqual(
            self.lines(),
            [
                ("error", "FILE: No such file or directory"),
                ("error", "the configuration stays as it was"),
            ],
        )

    def test_pipe(self) -> None:
        """What is no regular file is not read: nobody knows when it would end."""
        Path(self.path).unlink()
        os.mkfifo(self.path)
        self.assertEqual(self.lines()[0], ("error", "FILE: is no regular file"))

    def test_faults_are_given(self) -> None:
        """Who asks gets the faults."""
        self.write("this is no TOML")
        error = self.failureResultOf(self.reloader.reload(), ConfigError).value
        self.assertEqual(len(error.faults), 1)

    def test_file_that_it_names(self) -> None:
        """A file named in it that turns out to be of no use is a fault."""
        for error in (ValueError("no certificate"), OSError("gone")):
            self.fails = error
            found = self.failureResultOf(self.reloader.reload(), ConfigError).value
            self.assertEqual(found.faults, (f"{self.path}: {error}",))

    def test_not_now(self) -> None:
        """What the gateway says against it is given, and logged."""
        self.fails = NotRunning("not yet")
        self.assertEqual(
            self.lines(), [("error", "the configuration stays as it was: not yet")]
        )
        self.failureResultOf(self.reloader.reload(), NotRunning)

    def test_one_at_a_time(self) -> None:
        """While one is under way another is refused."""
        self.turn = Deferred()
        first = self.reloader.reload()
        self.failureResultOf(self.reloader.reload(), ReloadInProgress)
        self.turn.callback(None)
        self.assertEqual(self.successResultOf(first).config, self.config)
        self.successResultOf(self.reloader.reload())
        self.assertEqual(self.followed, 2)


class HangingUp(WithFile):
    """SIGHUP, which has nobody who waits for an answer."""

    def test_follows(self) -> None:
        """The file is followed."""
        self.write(least(policy="retry_after = 7"))
        self.reloader.hang_up()
        self.assertEqual(self.config.policy.retry_after, 7)

    def test_under_way(self) -> None:
        """Signals that come meanwhile make one more, of what is there by then."""
        self.turn = Deferred()
        self.reloader.hang_up()
        self.write(least(policy="retry_after = 7"))
        self.reloader.hang_up()
        self.reloader.hang_up()
        self.assertEqual(self.followed, 1)
        self.turn.callback(None)
        self.assertEqual(self.followed, 2)
        self.assertEqual(self.config.policy.retry_after, 7)
        self.assertEqual([each.policy.retry_after for each in self.told], [5, 7])

    def test_after_one_that_fails(self) -> None:
        """Also after one that was faulty."""
        self.turn, self.fails = Deferred(), NotRunning("not yet")
        asked = self.reloader.reload()
        self.reloader.hang_up()
        turn, self.turn, self.fails = self.turn, None, None
        turn.errback(NotRunning("not yet"))
        self.failureResultOf(asked, NotRunning)
        self.assertEqual(self.followed, 2)
        self.assertEqual(len(self.told), 1)

    def test_faulty(self) -> None:
        """A faulty file is an error in the log and no more."""
        self.write("this is no TOML")
        with capturedLogs() as events:
            self.reloader.hang_up()
        self.assertEqual({each["log_level"] for each in events}, {LogLevel.error})

    def test_unexpected(self) -> None:
        """What nobody thought of is logged with its traceback."""
        self.fails = ZeroDivisionError()
        self.reloader.hang_up()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
