"""A request under an interworking number, and its answer (TS 5.1 steps 7a, 8, 12)."""

from __future__ import annotations

from cpmgw.cpm.headers import IW_NUMBER, iw_number_of
from cpmgw.cpm.identity import tel_uri
from cpmgw.sip.message import Request, Response


def with_number(request: Request, number: str) -> Request:
    """The request as the IWF gets it: the number in IW-Number (7a.v.1, 7a.vi.1, 8 e).

    It is the asserted identity too, in place of all others (7a.vii, 8 g).
    """
    uri = tel_uri(number)
    headers = request.headers.with_replaced(IW_NUMBER, str(uri))
    return request.replace(
        headers=headers.with_replaced("P-Asserted-Identity", f"<{uri}>")
    )


def with_number_in_answer(response: Response, number: str) -> Response:
    """The IWF's 2xx as it goes on: its IW-Number preserved, else added (step 12).

    Other answers are left as they are: only a success has it (conversation TS C.1.12).
    """
    is_success = 200 <= response.status < 300
    if not is_success or iw_number_of(response.headers) is not None:
        return response
    return response.replace(
        headers=response.headers.with_replaced(IW_NUMBER, str(tel_uri(number)))
    )
