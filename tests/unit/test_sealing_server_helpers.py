"""Login passwords, TLS certificates and form documents: SEAL-082, SYNC-034."""

from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from sealing_kit import seeded

from shared.canonical import encode
from shared.errors import EncodingInvalid, LimitExceeded, PassphraseWrong
from shared.records.form_document import (
    FILES_MAX,
    FormDocument,
    decode_form_document,
    encode_form_document,
    form_hash,
)
from shared.sealing import password
from shared.sealing.password import check_password, hash_password
from shared.sealing.tls import certificate_pin, make_certificate

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def test_a_password_is_recognised_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "MEMORY_KIB", 64)
    kept = hash_password("maize goat", seeded(1))
    assert kept.startswith("$argon2id$v=19$m=64,t=3,p=1$")
    assert kept != hash_password("maize goat", seeded(2))
    check_password("maize goat", kept)
    for wrong in ("maize", "", "maize goat "):
        with pytest.raises(PassphraseWrong):
            check_password(wrong, kept)


def test_a_certificate_names_its_hosts_and_has_a_pin() -> None:
    made = make_certificate(["10.0.0.2", "hub.local", "10.0.0.2"], NOW, b"key password")
    certificate = x509.load_pem_x509_certificate(made.certificate_pem)
    assert made.pin == certificate_pin(made.certificate_pem)
    assert made.pin == sha256(certificate.public_bytes(Encoding.DER)).digest()
    hosts = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert hosts.get_values_for_type(x509.DNSName) == ["hub.local"]
    assert hosts.get_values_for_type(x509.IPAddress) == [ip_address("10.0.0.2")]
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    assert load_pem_private_key(made.key_pem, b"key password")
    with pytest.raises(TypeError):
        load_pem_private_key(made.key_pem, None)


def test_a_form_document_comes_back_as_it_was() -> None:
    document = FormDocument(b"<h:html/>", "3", {"villages.csv": bytes(32)})
    assert decode_form_document(encode_form_document(document)) == document
    assert document.form_hash == form_hash(b"<h:html/>") == sha256(b"<h:html/>").digest()[:16]


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        [2, b"", "", {}],
        [1, b"", ""],
        [1, "", "", {}],
        [1, b"", 3, {}],
        [1, b"", "", []],
        [1, b"", "", {1: bytes(32)}],
        [1, b"", "", {"a": "b"}],
        [1, b"", "", {"a": bytes(31)}],
    ],
)
def test_a_form_document_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(EncodingInvalid):
        decode_form_document(encode(value))


def test_a_form_names_a_bounded_number_of_files() -> None:
    files = {str(n): bytes(32) for n in range(FILES_MAX + 1)}
    with pytest.raises(LimitExceeded):
        decode_form_document(encode([1, b"", "", files]))
