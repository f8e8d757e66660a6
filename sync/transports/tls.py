"""TLS contexts for the calling side: a pinned certificate, or a public CA (SYNC-034)."""

import ssl
from hashlib import sha256
from pathlib import Path


class _PinnedSocket(ssl.SSLSocket):
    """A connection that ends at once unless the certificate is the pinned one."""

    pin = b""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - ssl's signature
        super().do_handshake(block)
        certificate = self.getpeercert(binary_form=True)
        if certificate is None or sha256(certificate).digest() != self.pin:
            raise ssl.SSLCertVerificationError(
                "the certificate is not the one this address was enrolled with"
            )


def pinned_context(pin: bytes) -> ssl.SSLContext:
    """Return a context that accepts one certificate, by SHA-256, whatever its name and dates.

    A hub's certificate is self-signed and a tablet's clock may be years off; the pin is stricter
    than either check.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the socket class below verifies, by pin
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = type("PinnedSocket", (_PinnedSocket,), {"pin": pin})
    return context


def ca_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that accepts what a CA vouches for: the given one, or the system's."""
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
