"""A self-signed TLS certificate for a server or hub in the field, trusted by its hash (SYNC-034).

There is no name authority on a hub without internet, so the enrolment code carries the SHA-256 of
this certificate and the client compares.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS: Final = 10
"""Pinned, so its end is a nuisance and no protection; devices may be away for long."""
_DAYS_PER_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """A certificate and its key, as a web server loads them."""

    certificate_pem: bytes
    key_pem: bytes
    """Encrypted under the password it was made with."""

    @property
    def pin(self) -> bytes:
        """SHA-256 of the certificate: 32 bytes, as in an enrolment code."""
        return certificate_pin(self.certificate_pem)


def make_certificate(hosts: Iterable[str], now: datetime, key_password: bytes) -> TlsIdentity:
    """Make a certificate for these host names and addresses, its key under a password."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cairn")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A tablet whose clock is some days slow must still connect; the pin is what counts.
        .not_valid_before(now - timedelta(days=_DAYS_PER_YEAR))
        .not_valid_after(now + timedelta(days=_DAYS_PER_YEAR * YEARS))
        .add_extension(
            x509.SubjectAlternativeName([_general_name(host) for host in dict.fromkeys(hosts)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, SHA256())
    )
    return TlsIdentity(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(key_password)),
    )


def certificate_pin(certificate_pem: bytes) -> bytes:
    """Return the SHA-256 of a certificate's DER bytes."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    return sha256(certificate.public_bytes(Encoding.DER)).digest()


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
