"""Errors as answers: our error classes to HTTP status, `application/problem+json` (SYNC-031).

Handlers build no responses; they raise. Messages carry ids, never answers.
"""

import math
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.errors import (
    CairnError,
    EncodingInvalid,
    EnvelopeError,
    LimitExceeded,
    NotFound,
    PassphraseWrong,
    PolicyDenied,
    RemoteProtocolError,
    SignatureInvalid,
    StoreBusy,
    StoreError,
    StoreFull,
    Throttled,
    TokenInvalid,
    UnknownAuthor,
    UsageError,
)

MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final[tuple[tuple[type[CairnError], int], ...]] = (
    (Throttled, 429),
    (PassphraseWrong, 401),
    (SignatureInvalid, 401),
    (UnknownAuthor, 401),
    (TokenInvalid, 401),
    (PolicyDenied, 403),
    (NotFound, 404),
    (RemoteProtocolError, 409),
    (LimitExceeded, 413),
    (StoreFull, 507),
    (StoreBusy, 503),
    (StoreError, 500),
    (EncodingInvalid, 400),
    (EnvelopeError, 400),
    (UsageError, 400),
    (CairnError, 400),
)
"""First match wins: the more particular class stands first."""
_BUSY_S: Final = 1


def status_of(error: CairnError) -> int:
    """Return the HTTP status of an error."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem(error: CairnError) -> JSONResponse:
    """Return an error as it is answered."""
    status = status_of(error)
    body = {"code": error.code, "title": type(error).__name__, "detail": error.message}
    headers: dict[str, str] = {}
    if isinstance(error, Throttled):
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    elif isinstance(error, StoreBusy):
        headers["Retry-After"] = str(_BUSY_S)
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have an application answer our errors this way."""

    @app.exception_handler(CairnError)
    async def ours(_request: Request, error: CairnError) -> JSONResponse:
        return problem(error)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        # The input itself is not echoed: it may hold a password or an answer.
        places = [".".join(str(part) for part in one["loc"]) for one in error.errors()]
        return problem(UsageError(f"the request lacks or misspells: {', '.join(places)}"))

    @app.exception_handler(HTTPException)
    async def nowhere(request: Request, error: HTTPException) -> JSONResponse:
        # The framework's own refusals: no such path, no such method there, a body it cannot read.
        here = f"{request.method} {request.url.path}"
        known = error.status_code not in {404, 405}
        answered = problem(
            UsageError(f"{here}: {error.detail}")
            if known
            else NotFound(f"nothing answers {here} on this mission server")
        )
        answered.status_code = error.status_code
        answered.headers.update(error.headers or {})
        return answered
