"""The test project's responder behind real HTTP on this machine, as the spec says (SYNC-030)."""

import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any, Self

from client_project import TestProject

from shared.canonical import decode, encode
from shared.ids import AuthorId
from sync.core.messages import decode_message


class HttpProject:
    """Serves a project until closed; one request at a time."""

    def __init__(self, project: TestProject) -> None:
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            """Answers challenge and exchange."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Answer one request."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    answer = outer.answer(project, self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Cairn-Challenge", os.urandom(16).hex())
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Server(HTTPServer):
            """Says nothing when a caller was killed in the middle of a request."""

            def handle_error(self, *_: Any) -> None:
                """Say nothing."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @staticmethod
    def answer(project: TestProject, path: str, body: bytes) -> bytes:
        """Return the answer's bytes."""
        if path == "/v1/enrol":
            code = next(iter(project.codes.values()))
            return project.answer_enrolment(code, body)
        if path == "/v1/sync/challenge":
            _, author = decode(body)
            known = project.peer.directory.caller_key(AuthorId(author)) is not None
            return encode([1, os.urandom(16), known])
        return project.responder.respond(decode_message(body)).encode()

    def __enter__(self) -> Self:
        """Serve while the block runs."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
