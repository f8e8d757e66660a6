"""HPKE base mode written from RFC 9180 alone, to hold the library's against (tests only).

KEMs: DHKEM(X25519, HKDF-SHA256) from the RFC, X-Wing from draft-connolly-cfrg-xwing-kem.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha3_256, sha256, shake_256

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

X25519_KEM, XWING_KEM = 0x0020, 0x647A
HKDF_SHA256 = 0x0001
AES_128_GCM, AES_256_GCM = 0x0001, 0x0002
KEY_BYTES = {AES_128_GCM: 16, AES_256_GCM: 32}
MLKEM_ENC_BYTES = 1088
ENC_BYTES = {X25519_KEM: 32, XWING_KEM: MLKEM_ENC_BYTES + 32}


def extract(salt: bytes, ikm: bytes) -> bytes:
    """RFC 5869, section 2.2."""
    return hmac.digest(salt or bytes(32), ikm, sha256)


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, section 2.3."""
    block, out, i = b"", b"", 0
    while len(out) < length:
        i += 1
        block = hmac.digest(prk, block + info + bytes((i,)), sha256)
        out += block
    return out[:length]


def labeled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """RFC 9180, section 4."""
    return extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """RFC 9180, section 4."""
    return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def x25519_shared(secret: bytes, enc: bytes) -> bytes:
    """Decap of DHKEM(X25519, HKDF-SHA256): RFC 9180, section 4.1."""
    key = X25519PrivateKey.from_private_bytes(secret)
    dh = key.exchange(X25519PublicKey.from_public_bytes(enc))
    suite = b"KEM" + X25519_KEM.to_bytes(2, "big")
    prk = labeled_extract(suite, b"", b"eae_prk", dh)
    context = enc + key.public_key().public_bytes_raw()
    return labeled_expand(suite, prk, b"shared_secret", context, 32)


def xwing_shared(seed: bytes, enc: bytes) -> bytes:
    """Decapsulate of X-Wing: draft-connolly-cfrg-xwing-kem, section 5.4."""
    expanded = shake_256(seed).digest(96)
    lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    curve = X25519PrivateKey.from_private_bytes(expanded[64:])
    enc_m, enc_x = enc[:MLKEM_ENC_BYTES], enc[MLKEM_ENC_BYTES:]
    shared_m = lattice.decapsulate(enc_m)
    shared_x = curve.exchange(X25519PublicKey.from_public_bytes(enc_x))
    public_x = curve.public_key().public_bytes_raw()
    return sha3_256(shared_m + shared_x + enc_x + public_x + XWING_LABEL).digest()


XWING_LABEL = bytes.fromhex("5c2e2f2f5e5c")


@dataclass(frozen=True)
class Context:
    """Key and base nonce of RFC 9180's key schedule in base mode."""

    key: bytes
    nonce: bytes


def key_schedule(kem: int, aead: int, shared: bytes, info: bytes) -> Context:
    """RFC 9180, section 5.1, mode base."""
    suite = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (kem, HKDF_SHA256, aead))
    psk_id_hash = labeled_extract(suite, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(suite, b"", b"info_hash", info)
    context = b"\0" + psk_id_hash + info_hash
    secret = labeled_extract(suite, shared, b"secret", b"")
    key = labeled_expand(suite, secret, b"key", context, KEY_BYTES[aead])
    return Context(key, labeled_expand(suite, secret, b"base_nonce", context, 12))


def open_base(kem: int, secret: bytes, sealed: bytes, info: bytes) -> bytes:
    """Open a single-shot seal of `enc | ciphertext` under AES-256-GCM, empty associated data."""
    enc, ciphertext = sealed[: ENC_BYTES[kem]], sealed[ENC_BYTES[kem] :]
    shared = (x25519_shared if kem == X25519_KEM else xwing_shared)(secret, enc)
    context = key_schedule(kem, AES_256_GCM, shared, info)
    return AESGCM(context.key).decrypt(context.nonce, ciphertext, None)


def seal_x25519(public: bytes, plaintext: bytes, info: bytes, ephemeral: bytes) -> bytes:
    """Seal to an X25519 key with a given ephemeral secret, so that vectors can be made again."""
    key = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = key.public_key().public_bytes_raw()
    dh = key.exchange(X25519PublicKey.from_public_bytes(public))
    suite = b"KEM" + X25519_KEM.to_bytes(2, "big")
    prk = labeled_extract(suite, b"", b"eae_prk", dh)
    shared = labeled_expand(suite, prk, b"shared_secret", enc + public, 32)
    context = key_schedule(X25519_KEM, AES_256_GCM, shared, info)
    return enc + AESGCM(context.key).encrypt(context.nonce, plaintext, None)
