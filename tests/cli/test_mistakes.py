"""What is no way to ask: status 2, a line that says why, and nothing else."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from threading import Thread

from cpmgw.cli import main
from tests.cli.case import ALL, PARTIES, SMS_ONLY, CommandCase, message


class Usage(CommandCase):
    def assert_mistakes(self, table: Sequence[tuple[Sequence[str], str]]) -> None:
        """Each of these ends with 2 and says these words."""
        for options, words in table:
            with self.subTest(" ".join(options)):
                result = self.explained(*options)
                self.assertEqual((result.exit_code, result.stdout), (2, ""))
                self.assertIn(words, " ".join(result.stderr.split()))

    def test_what_is_missing(self) -> None:
        """There has to be a request, of a file or of two parties."""
        self.assert_mistakes(
            [
                ((), "--request is missing"),
                (PARTIES[:2], "--request is missing, or --from and --to are"),
                (PARTIES[2:], "--request is missing, or --from and --to are"),
            ]
        )

    def test_wrong_values(self) -> None:
        """A value that is none of its kind is named."""
        self.assert_mistakes(
            [
                ((*PARTIES, "--feature", "letter"), "'letter' is not one of"),
                ((*PARTIES, "--network", "home"), "'home' is not one of"),
                ((*PARTIES, "--size", "-1"), "-1"),
                ((*PARTIES, "--size", "big"), "'big' is not a valid"),
                ((*PARTIES, "--streams", "0"), "0"),
                ((*PARTIES, "--content-type", "png"), "'png' is no media type"),
                ((*PARTIES, "--content-type", ""), "'' is no media type"),
                (("--from", "bob", "--to", "+1"), "'bob' is no URI and no number"),
                (("--from", "+1", "--to", "sip:"), "'sip:' is no URI and no number"),
                (("--from", "+", "--to", "+1"), "'+' is no URI and no number"),
                ((*PARTIES, "--tried", "fax"), "no IWF 'fax', but SMS, mms-1, mail"),
                ((*PARTIES, "--colour", "x"), "--colour"),
            ]
        )

    def test_what_excludes_another(self) -> None:
        """A file has all of the request, and an XDMS answers or does not."""
        file = ("--request", self.written(message()))
        both = "beside --request nothing else is told"
        away = ("--preferences-unavailable", "timeout")
        self.assert_mistakes(
            [
                ((*file, *PARTIES), both),
                ((*file, "--feature", "pager"), both),
                ((*file, "--content-type", "text/plain"), both),
                ((*file, "--size", "0"), both),
                ((*file, "--streams", "1"), both),
                ((*file, "--nccsid", "SMS"), both),
                ((*PARTIES, "--prefers", "SMS", *away), "exclude each other"),
            ]
        )

    def test_files_that_are_not_there(self) -> None:
        """Neither a request nor a configuration."""
        missing = self.mktemp()
        self.assert_mistakes([(("--request", missing), missing)])
        self.assert_mistakes([(("--request", "."), "directory")])
        result = self.run_command("explain", "--config", missing, *PARTIES)
        self.assertEqual((result.exit_code, result.stdout), (2, ""))
        self.assertIn(f"{missing}: No such file or directory", result.stderr)

    def test_services_that_are_not_there(self) -> None:
        """What --prefers names may be misspelt: it is remarked upon, and no mistake."""
        options = ("--prefers", "mms", "--prefers", "SSM", "--json")
        result = self.explained(*PARTIES, *options)
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(result.stderr, "--prefers SSM: no IWF has this service\n")

    def test_no_configuration(self) -> None:
        """Without --config nothing is explained."""
        result = self.run_command("explain", *PARTIES)
        self.assertEqual(result.exit_code, 2)
        self.assertIn("--config", result.stderr)

    def test_configuration_with_faults(self) -> None:
        """Its faults are listed as --check lists them."""
        bad = ALL.replace('system_id = "cpmgw"', "port = 0")
        path = self.written(bad)
        result = self.run_command("explain", "--config", path, *PARTIES)
        self.assertEqual((result.exit_code, result.stdout), (2, ""))
        self.assertIn(f"{path}: smsc[0].port: ", result.stderr)
        self.assertIn(f"{path}: smsc[0].system_id: is missing", result.stderr)
        self.assertEqual(result.stderr.splitlines()[-1], f"{path}: 2 faults")

    def test_commands(self) -> None:
        """There are two, and each tells how it is used."""
        said = self.run_command("--help").stdout
        self.assertIn("check", said)
        self.assertIn("explain", said)
        for name in ("check", "explain"):
            self.assertEqual(self.run_command(name, "--help").exit_code, 0)
        self.assertEqual(self.run_command("start").exit_code, 2)


class Check(CommandCase):
    def test_good_file(self) -> None:
        """A file without faults says so, and the status is 0."""
        path = self.written(SMS_ONLY)
        result = self.run_command("check", path)
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(result.stdout, f"{path}: no faults\n")
        self.assertEqual(result.stderr, "")

    def test_faults(self) -> None:
        """Each fault has a line, then there is their number; the status is 1."""
        path = self.written("[gateway]\n[polcy]\n")
        result = self.run_command("check", path)
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        for key in ("gateway.domain", "polcy"):
            self.assertIn(f"{path}: {key}: ", result.stderr)
        self.assertTrue(result.stderr.endswith("faults\n"))

    def test_one_fault(self) -> None:
        """One is counted as one."""
        path = self.written(SMS_ONLY.replace("ims.example.net", "not a domain"))
        result = self.run_command("check", path)
        self.assertEqual(result.exit_code, 1)
        self.assertTrue(result.stderr.endswith(f"{path}: 1 fault\n"))

    def test_remarks(self) -> None:
        """What has no effect is remarked upon, and is no fault."""
        path = self.written(SMS_ONLY + "[policy.simple_im]\ninterwork = true\n")
        result = self.run_command("check", path)
        self.assertEqual(result.exit_code, 0)
        self.assertIn("policy.simple_im.interwork: has no effect", result.stderr)

    def test_no_file(self) -> None:
        """A file that is not there is a fault that names it."""
        path = self.mktemp()
        result = self.run_command("check", path)
        self.assertEqual(result.exit_code, 1)
        self.assertIn(f"{path}: No such file or directory", result.stderr)

    def test_folder(self) -> None:
        """Nor is a folder a configuration; it is a fault as with --check."""
        result = self.run_command("check", ".")
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(result.stderr, ".: Is a directory\n.: 1 fault\n")

    def test_pipe(self) -> None:
        """A file is read once, so that it may be a pipe; the remarks are there too."""
        path: str = self.mktemp()
        os.mkfifo(path)
        text = SMS_ONLY + "[policy.simple_im]\ninterwork = true\n"
        writing = Thread(target=Path(path).write_text, args=(text,))
        writing.start()
        self.addCleanup(writing.join)
        result = self.run_command("check", path)
        self.assertEqual((result.exit_code, result.stdout), (0, f"{path}: no faults\n"))
        self.assertIn("policy.simple_im.interwork: has no effect", result.stderr)

    def test_no_argument(self) -> None:
        """Without a file it is a mistake."""
        self.assertEqual(self.run_command("check").exit_code, 2)


class Full(StringIO):
    """An output that has no room."""

    def write(self, text: str) -> int:
        """Refuse it."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Output(CommandCase):
    def test_no_room(self) -> None:
        """An answer that cannot be written is none: the status is 2, and it is said."""
        path, errors = self.written(ALL), StringIO()
        for command in (["check", path], ["explain", "--config", path, *PARTIES]):
            self.patch(sys, "stdout", Full())
            self.patch(sys, "stderr", errors)
            ended = self.assertRaises(SystemExit, main.main, command, "cpmgw")
            self.assertEqual(ended.code, 2)
        line = "the output cannot be written: No space left on device\n"
        self.assertEqual(errors.getvalue(), line * 2)
