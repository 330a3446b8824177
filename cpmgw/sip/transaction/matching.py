"""Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3, 8.2.2.2)."""

from __future__ import annotations

from cpmgw.sip.message import Request, Response


def sent_key(branch: str, method: str) -> str:
    """The key of the client transaction of a request that leaves with this branch."""
    return f"{branch} {method}"


def client_key(response: Response) -> str:
    """The branch of the topmost Via and the method of CSeq (17.1.3)."""
    return f"{response.via.branch} {response.cseq.method}"


def server_key(request: Request, method: str | None = None) -> str:
    """The key of a request's server transaction (17.2.3); an ACK has its INVITE's.

    `method` looks for a transaction of another method, as CANCEL does (9.2).
    """
    wanted = method or request.method
    if wanted == "ACK":
        wanted = "INVITE"
    via = request.via
    if not via.has_cookie:
        return _old_key(request, wanted)
    return f"{via.branch} {via.host.lower()}:{via.port} {wanted}"


def _old_key(request: Request, method: str) -> str:
    """The key of a request of RFC 2543, which has no unique branch.

    The To tag is left out where an ACK must find its INVITE; the layer compares it
    with the tag of the response.
    """
    tag = "" if method == "INVITE" else request.to.tag or ""
    return "\0".join(
        (
            str(request.uri),
            tag,
            request.from_.tag or "",
            request.call_id,
            str(request.cseq.number),
            str(request.via),
            method,
        )
    )


def merge_key(request: Request) -> int:
    """One number for From tag, Call-ID and CSeq (8.2.2.2); 0 inside a dialog.

    String hashes are keyed for each process, so no one can aim at a collision.
    """
    if request.to.tag is not None:
        return 0
    cseq = request.cseq
    return hash((request.from_.tag, request.call_id, cseq.number, cseq.method))
