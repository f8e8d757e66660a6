"""Real HTTPS servers in a thread, on a port of the system's choosing."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from sync_network import SERVER_LOG, Node, key_ring

from server.hub import exchange
from shared.clock import Clock
from shared.errors import CairnError
from shared.sealing.enrol import EnrolmentReply, open_request
from shared.sealing.keys import author_id
from shared.sealing.tls import make_certificate
from sync.core.certificate import Certificate, PeerRole, sign_certificate
from sync.core.challenges import Challenges

PASSWORD = "password of a test"


@contextmanager
def serving(app: FastAPI, folder: Path, clock: Clock) -> Iterator[tuple[str, bytes]]:
    """Serve an app over TLS; yield its URL and its certificate's pin."""
    tls = make_certificate(["127.0.0.1"], clock.now(), PASSWORD.encode())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tls.pem").write_bytes(tls.certificate_pem)
    (folder / "tls.key").write_bytes(tls.key_pem)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        ssl_certfile=str(folder / "tls.pem"),
        ssl_keyfile=str(folder / "tls.key"),
        ssl_keyfile_password=PASSWORD,
        log_level="error",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"https://127.0.0.1:{port}", tls.pin
    finally:
        server.should_exit = True
        thread.join(10)


def responder_app(node: Node, clock: Clock, tokens: dict[bytes, PeerRole] | None = None) -> FastAPI:
    """A mission server's exchange and enrolment over a test node, without everything behind it."""
    app = FastAPI()
    challenges = Challenges(clock, os.urandom)
    responder = node.responder
    assert responder is not None

    @app.exception_handler(CairnError)
    async def problem(_request: Request, error: CairnError) -> JSONResponse:
        return JSONResponse({"detail": error.message}, exchange.status_of(error))

    @app.post("/v1/sync/challenge")
    async def challenge(request: Request) -> Response:
        return Response(exchange.challenge(responder, challenges, await request.body()))

    @app.post("/v1/sync/exchange")
    async def exchange_messages(request: Request) -> Response:
        headers = {
            name: request.headers.get(name, "")
            for name in ("Cairn-Author", "Cairn-Challenge", "Cairn-Signature")
        }
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        data, following = await run_in_threadpool(
            exchange.exchange, responder, challenges, headers, body
        )
        return Response(data, headers={"Cairn-Challenge": following.hex()})

    @app.post("/v1/enrol")
    async def enrol(request: Request) -> Response:
        asked = open_request(await request.body())
        role = (tokens or {}).pop(asked.token, None)
        if role is None:
            return JSONResponse({"detail": "the token is unknown or used"}, 401)
        author = author_id(asked.signing_public, "mission")
        signed = sign_certificate(
            SERVER_LOG,
            Certificate(
                node.peer.directory.deployment,
                author,
                role,
                asked.signing_public,
                asked.recipient,
                "mission",
                20_000,
            ),
        )
        node.peer.learn(signed)
        return Response(EnrolmentReply(author, key_ring(), signed).encode())

    return app
