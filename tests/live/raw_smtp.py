"""SMTP by hand, over sockets that block: a client, and a relay that wants a login."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import struct
from typing import Final, NamedTuple

SECONDS: Final = 10.0


class RawSmtp:
    """One connection, greeted; to be used in a thread, and closed."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")
        self.greeting = self.reply()

    def write(self, octets: bytes) -> None:
        """Send octets."""
        self._socket.sendall(octets)

    def reply(self) -> str:
        """The next reply: its lines without their CRLF, joined by a newline."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = self._reader.readline()
            if not line.endswith(b"\r\n"):
                raise ConnectionError(f"after {lines}: {line!r}")
            lines.append(line[:-2].decode())
        return "\n".join(lines)

    def codes(self, *commands: str) -> list[str]:
        """Send commands as one; gives the codes of as many replies."""
        self.write("".join(f"{each}\r\n" for each in commands).encode())
        return [self.reply()[:3] for _ in commands]

    @property
    def is_closed(self) -> bool:
        """Whether the other end has closed; waits for what comes."""
        return self._reader.read(1) == b""

    def reset(self) -> None:
        """Be gone without a word: the other end sees a reset."""
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()

    def close(self) -> None:
        """Close it."""
        self._reader.close()
        self._socket.close()


class Login(NamedTuple):
    """What a client has said to log in: the mechanism, who, and the secret's proof."""

    mechanism: str
    user: str
    secret: str


class LoginRelay:
    """A relay that lets nobody write who has not logged in; it serves in a thread.

    `mechanisms` are what it offers. CRAM-MD5 is RFC 2195's, over its `CHALLENGE`.
    """

    CHALLENGE: Final = "<1896.697170952@relay.test>"

    def __init__(self, user: str, password: str, *mechanisms: str) -> None:
        self.logins: list[Login] = []
        self.mails: list[bytes] = []
        self._user, self._password = user, password
        self._mechanisms = mechanisms
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(SECONDS)
        self.port = int(self._listening.getsockname()[1])

    def serve(self) -> None:
        """Serve one connection after the other, until it is closed."""
        with self._listening:
            while True:
                try:
                    connection, _ = self._listening.accept()
                except OSError:
                    return
                with connection:
                    self._converse(connection)

    def close(self) -> None:
        """Serve nobody any more."""
        self._listening.shutdown(socket.SHUT_RDWR)

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        self._connection = connection
        self._lines = connection.makefile("rb")
        with self._lines:
            self._say("220 relay.test ESMTP")
            while self._command(self._line()):
                pass

    def _command(self, line: str) -> bool:
        verb = line.partition(" ")[0].upper()
        if verb == "EHLO":
            self._say(f"250-relay.test\r\n250 AUTH {' '.join(self._mechanisms)}")
        elif verb == "AUTH":
            self._say(self._log_in(line))
        elif verb in ("MAIL", "RCPT"):
            self._say("250 2.1.0 Ok" if self._is_known else "530 5.7.0 Log in first")
        elif verb == "DATA":
            self._say("354 Go ahead")
            self._take()
        else:
            self._say("221 Bye" if verb == "QUIT" else "250 Ok")
        return verb != "QUIT"

    @property
    def _is_known(self) -> bool:
        return bool(self.logins) and self.logins[-1].secret == self._password

    def _log_in(self, line: str) -> str:
        _, mechanism, *initial = line.split()
        login = {
            "PLAIN": self._plain,
            "LOGIN": self._login,
            "CRAM-MD5": self._cram_md5,
        }[mechanism](initial)
        self.logins.append(login)
        known = (login.user, login.secret) == (self._user, self._password)
        return "235 2.7.0 Welcome" if known else "535 5.7.8 Not you"

    def _plain(self, initial: list[str]) -> Login:
        answer = _decoded(initial[0]) if initial else self._asked("")
        _, user, secret = answer.split("\0")
        return Login("PLAIN", user, secret)

    def _login(self, initial: list[str]) -> Login:
        user = _decoded(initial[0]) if initial else self._asked("Username:")
        return Login("LOGIN", user, self._asked("Password:"))

    def _cram_md5(self, initial: list[str]) -> Login:
        user, _, digest = self._asked(self.CHALLENGE).rpartition(" ")
        key, text = self._password.encode(), self.CHALLENGE.encode()
        right = hmac.new(key, text, hashlib.md5).hexdigest()
        return Login("CRAM-MD5", user, self._password if digest == right else digest)

    def _asked(self, question: str) -> str:
        self._say(f"334 {base64.b64encode(question.encode()).decode()}")
        return _decoded(self._line())

    def _take(self) -> None:
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            content += self._lines.readline()
        self.mails.append(content.removesuffix(b".\r\n"))
        self._say("250 2.0.0 Taken")

    def _line(self) -> str:
        line: bytes = self._lines.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError(f"{line!r}")
        return line[:-2].decode()

    def _say(self, reply: str) -> None:
        self._connection.sendall(reply.encode() + b"\r\n")


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()
