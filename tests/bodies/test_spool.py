"""Where bodies are kept: in memory, in files, and what of it is left."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody
from cpmgw.bodies.spool import Body, Spool, SpoolLimits

WHOLE = bytes(range(256)) * 4
SMALL = SpoolLimits(spill=100, storage=1_000_000)


class SpoolCase(SynchronousTestCase):
    """A spool, and that nothing is left of it."""

    def setUp(self) -> None:
        self.use()

    def use(self, limits: SpoolLimits = SMALL) -> None:
        """Begin anew with other limits."""
        self.folder = Path(self.mktemp())
        self.spool = Spool(str(self.folder), limits)
        self.bodies: list[Body] = []
        self.addCleanup(self.check_empty, self.folder, self.spool, self.bodies)

    def check_empty(self, folder: Path, spool: Spool, bodies: list[Body]) -> None:
        """Once all is closed, neither octet nor file is here."""
        for body in bodies:
            body.close()
            body.close()
        self.assertEqual(len(spool), 0)
        self.assertEqual((spool.used, spool.in_memory, spool.files), (0, 0, 0))
        self.assertEqual(list(folder.glob("*/[!l]*")), [])
        spool.close()
        self.assertEqual(list(folder.glob("*")), [])

    def body(self, *pieces: bytes) -> Body:
        """A body to which these pieces have been written."""
        body = self.spool.body()
        self.bodies.append(body)
        for piece in pieces:
            body.write(body.size, piece)
        return body

    def whole(self, content: bytes = WHOLE) -> Body:
        """A body with all of its content."""
        body = self.body(content)
        body.finish()
        return body

    def held(self) -> tuple[int, int, int]:
        """Octets there are, those in memory, and files that are open."""
        return self.spool.used, self.spool.in_memory, self.spool.files

    def fail_with(self, number: int, place: Any, name: str) -> Any:
        """Have a function of the system fail; gives what restores it."""

        def failing(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        return self.patch(place, name, failing)


class Writing(SpoolCase):
    def test_interface(self) -> None:
        """What a spool makes is a body."""
        verifyObject(IBody, self.body())

    def test_spill(self) -> None:
        """A body past `spill` octets is in a file, that only we may read."""
        self.use(SpoolLimits(spill=1023))
        body = self.body(WHOLE[:1023])
        self.assertEqual(self.held(), (1023, 1023, 0))
        body.write(1023, WHOLE[1023:])
        self.assertEqual(self.held(), (1024, 0, 1))
        body.finish()
        self.assertEqual(self.held(), (1024, 0, 0))
        path = body.path
        assert path is not None
        self.assertEqual(path.read_bytes(), WHOLE)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(path.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual(body.read(), WHOLE)
        body.close()
        self.assertFalse(path.exists())

    def test_pieces(self) -> None:
        """A body is read in pieces, from memory and from a file."""
        for spill in (5000, 10):
            self.use(SpoolLimits(spill=spill))
            pieces = list(self.whole().pieces(1000))
            self.assertEqual([len(each) for each in pieces], [1000, 24])
            self.assertEqual(b"".join(pieces), WHOLE)

    def test_any_order(self) -> None:
        """It may be written in any order; holes in it take no room."""
        for spill in (5000, 10):
            self.use(SpoolLimits(spill=spill))
            body = self.body()
            body.write(1000, WHOLE[1000:])
            self.assertEqual((body.size, self.spool.used), (1024, 24))
            body.write(0, WHOLE[:1000])
            body.write(0, WHOLE[:500], fresh=0)
            self.assertEqual((body.size, self.spool.used), (1024, 1024))
            self.assertEqual(body.read(), WHOLE)
            body.finish()

    def test_short_writes(self) -> None:
        """The system may write less than it is given."""
        write = os.pwrite
        self.patch(os, "pwrite", lambda file, data, at: write(file, data[:7], at))
        self.assertEqual(self.whole().read(), WHOLE)


class Limits(SpoolCase):
    def test_storage(self) -> None:
        """All bodies together have so many octets, with what is kept beside them."""
        self.use(SpoolLimits(storage=1000))
        head = self.spool.body(400)
        self.bodies.append(head)
        body = self.body(bytes(600))
        with self.assertRaises(NoRoom):
            body.write(600, b"x")
        with self.assertRaises(NoRoom):
            self.spool.body(1)
        self.assertEqual((self.spool.used, body.size, len(self.spool)), (1000, 600, 2))
        head.close()
        body.write(600, bytes(400))

    def test_storage_for_small(self) -> None:
        """An eighth of the storage is for those that do not go to a file."""
        self.use(SpoolLimits(spill=100, storage=8000))
        body = self.whole(bytes(7000))
        with self.assertRaises(NoRoom):
            self.body().write(0, bytes(101))
        self.body(bytes(100))
        self.assertEqual(body.size, 7000)

    def test_memory(self) -> None:
        """Beyond so much memory in all, bodies go to files at once."""
        self.use(SpoolLimits(memory=1500))
        self.body(bytes(1000))
        second = self.body(bytes(500))
        self.assertEqual(self.held(), (1500, 1500, 0))
        second.write(500, b"x")
        self.assertEqual(self.held(), (1501, 1000, 1))

    def test_files(self) -> None:
        """So many files may be written at once; one more body is refused."""
        self.use(SpoolLimits(spill=0, files=1))
        first = self.body(b"first")
        with self.assertRaises(NoRoom):
            self.body(b"second")
        first.finish()
        self.body(b"third")


class Failing(SpoolCase):
    def test_no_directory(self) -> None:
        """Where no directory can be made, large bodies are refused."""
        self.folder.write_bytes(b"")
        with self.assertRaises(NoRoom):
            self.body(WHOLE)
        self.body(b"small")

    def test_no_space(self) -> None:
        """So they are where the disk is full, when one goes there or grows there."""
        for before in (50, 150):
            self.use()
            body = self.body(bytes(before))
            patch = self.fail_with(errno.ENOSPC, os, "pwrite")
            with self.assertRaises(NoRoom):
                body.write(before, bytes(300))
            patch.restore()
            body.close()
            self.assertEqual(self.held(), (0, 0, 0))

    def test_error_at_the_end(self) -> None:
        """A file that cannot be closed is told of, and not counted any more."""
        body = self.body(WHOLE)
        patch = self.fail_with(errno.EIO, os, "close")
        with self.assertRaises(NoRoom):
            body.finish()
        patch.restore()
        self.assertEqual(self.spool.files, 0)

    def test_file_that_stays(self) -> None:
        """The owner is told of a file that cannot be removed; it does not count."""
        told: list[OSError] = []
        self.spool.trouble = told.append
        body = self.whole()
        patch = self.fail_with(errno.EROFS, Path, "unlink")
        body.close()
        patch.restore()
        self.assertEqual((len(told), self.held()), (1, (0, 0, 0)))
        assert body.path is not None
        body.path.unlink()

    def test_directory_removed(self) -> None:
        """Where somebody removes the directory it is made once more."""
        self.whole()
        shutil.rmtree(self.folder)
        self.assertEqual(self.whole().read(), WHOLE)

    def test_directory_half_made(self) -> None:
        """A directory that is not made to its end leaves nothing open."""
        patch = self.fail_with(errno.ENOLCK, fcntl, "flock")
        before = os.listdir("/proc/self/fd")
        with self.assertRaises(NoRoom):
            self.body(WHOLE)
        self.assertEqual(os.listdir("/proc/self/fd"), before)
        patch.restore()
        (left,) = self.folder.glob(".bodies-*")
        self.spool.sweep()
        self.assertTrue(left.exists())  # another process may be making it
        then = left.stat().st_mtime - 3600
        os.utime(left, (then, then))
        self.spool.sweep()
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_sweep(self) -> None:
        """What a process that is no more has left is removed, that of others stays."""
        self.use(SpoolLimits(spill=0))
        body = self.whole(b"octets")
        left = self.folder / "bodies-left"
        left.mkdir()
        (left / "lock").touch()
        (left / "body").touch()
        (self.folder / "bodies-empty").mkdir()
        other = self.folder / "other"
        other.mkdir()
        Spool(str(self.folder), SMALL).sweep()
        self.assertEqual(body.read(), b"octets")
        names = sorted(os.listdir(self.folder))
        assert body.path is not None
        self.assertEqual(names, [body.path.parent.name, "other"])
        body.close()
        self.spool.close()
        other.rmdir()


class Moving(SpoolCase):
    def setUp(self) -> None:
        super().setUp()
        self.target = Path(self.mktemp())
        self.addCleanup(self.target.unlink, missing_ok=True)

    def check_moved(self, content: bytes) -> None:
        """The target has this content, for nobody else to read."""
        self.assertEqual(self.target.read_bytes(), content)
        self.assertEqual(self.target.stat().st_mode & 0o777, 0o600)

    def check_not_moved(self, body: Body) -> None:
        """No target is there, and the body is as it was."""
        with self.assertRaises(NoRoom):
            body.move(self.target)
        self.assertFalse(self.target.exists())
        self.assertEqual(b"".join(body.pieces(1000)), WHOLE)

    def test_file(self) -> None:
        """A file gets another name: it is the same one, and stays after the close."""
        body = self.whole()
        assert body.path is not None
        number = body.path.stat().st_ino
        body.move(self.target)
        self.assertFalse(body.path.exists())
        self.assertEqual(self.target.stat().st_ino, number)
        body.close()
        self.check_moved(WHOLE)

    def test_memory(self) -> None:
        """What is in memory becomes a file."""
        self.use(SpoolLimits())
        body = self.whole()
        self.assertIsNone(body.path)
        body.move(self.target)
        body.close()
        self.check_moved(WHOLE)

    def test_empty(self) -> None:
        """What has no octets becomes a file without any."""
        self.whole(b"").move(self.target)
        self.check_moved(b"")

    def test_counts_until_it_is_closed(self) -> None:
        """What has been moved is in the count until its body is closed."""
        self.use(SpoolLimits(spill=1024))
        for content in (WHOLE, WHOLE + WHOLE):
            body = self.whole(content)
            before = self.held()
            self.assertEqual(before[0], len(content))
            body.move(self.target)
            self.assertEqual((self.held(), len(self.spool)), (before, 1))
            body.close()
            self.assertEqual((self.held(), len(self.spool)), ((0, 0, 0), 0))
            self.target.unlink()

    def test_another_file_system(self) -> None:
        """Where it cannot be renamed it is copied, and goes with the close."""
        body = self.whole(WHOLE * 600)
        self.fail_with(errno.EXDEV, Path, "rename")
        body.move(self.target)
        assert body.path is not None
        self.assertTrue(body.path.exists())
        body.close()
        self.assertFalse(body.path.exists())
        self.check_moved(WHOLE * 600)

    def test_refused(self) -> None:
        """Where the target cannot be, it stays as it was."""
        self.use(SpoolLimits(spill=1000))
        for body in (self.whole(), self.whole(WHOLE[:1000])):
            with self.assertRaises(NoRoom):
                body.move(self.target / "nowhere")
            self.assertEqual(body.read(), WHOLE[: body.size])

    def test_rename_fails(self) -> None:
        """Where renaming fails for another reason, it is not copied."""
        body = self.whole()
        self.fail_with(errno.EIO, Path, "rename")
        self.check_not_moved(body)

    def test_disk_full(self) -> None:
        """Where the copy finds no room, nothing of it is left."""
        body = self.whole()
        self.fail_with(errno.EXDEV, Path, "rename")

        def pieces(_: Body, size: int) -> Iterator[bytes]:
            yield WHOLE
            raise OSError(errno.ENOSPC, "No space left")

        patch = self.patch(Body, "pieces", pieces)
        with self.assertRaises(NoRoom):
            body.move(self.target)
        patch.restore()
        self.assertFalse(self.target.exists())
        self.assertEqual(body.read(), WHOLE)

    def test_target_is_there(self) -> None:
        """A copy takes no file's place."""
        self.use(SpoolLimits())
        body = self.whole()
        self.target.write_bytes(b"theirs")
        with self.assertRaises(NoRoom):
            body.move(self.target)
        self.assertEqual(self.target.read_bytes(), b"theirs")

    def test_in_another_thread(self) -> None:
        """Another thread may move it: what its owner counts is not touched."""
        body = self.whole()
        before = self.held()
        thread = Thread(target=body.move, args=(self.target,))
        thread.start()
        thread.join()
        self.assertEqual(self.held(), before)
        body.close()
        self.check_moved(WHOLE)
