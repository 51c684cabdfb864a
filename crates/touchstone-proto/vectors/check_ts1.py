#!/usr/bin/env python3
"""A second implementation of TS/1's key exchange and records, for checking ts1-credential-mix.json.

Derives everything from RFC 9528, RFC 9052, RFC 9711 and docs/PROTOCOL.md, shares no code with the Rust crates, and exits with 1 at the first
difference. Needs the PyPI package `cryptography`; CBOR is written out below.

    python3 crates/touchstone-proto/vectors/check_ts1.py [FILE]
"""

import hashlib
import hmac
import json
import pathlib
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

CURVE = ec.SECP256R1()


class Raw(bytes):
    """Bytes that are CBOR already."""


def head(major, value):
    """RFC 8949 section 3: shortest form."""
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | info]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(item):
    """RFC 8949 section 4.2.1: deterministic encoding."""
    if isinstance(item, Raw):
        return bytes(item)
    if item is True or item is False:
        return b"\xf5" if item else b"\xf4"
    if item is None:
        return b"\xf6"
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return head(4, len(item)) + b"".join(map(cbor, item))
    if isinstance(item, dict):
        pairs = sorted((cbor(key), cbor(value)) for key, value in item.items())
        return head(5, len(item)) + b"".join(key + value for key, value in pairs)
    raise TypeError(item)


def sequence(*items):
    return b"".join(map(cbor, items))


def sha256(data):
    return hashlib.sha256(data).digest()


def extract(salt, key):
    """HKDF-Extract (RFC 5869)."""
    return hmac.new(salt, key, hashlib.sha256).digest()


def kdf(prk, label, context, length):
    """EDHOC_KDF (RFC 9528 section 4.1.2)."""
    info = sequence(label, context, length)
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([counter]), hashlib.sha256).digest()
        out, counter = out + block, counter + 1
    return out[:length]


def private(hexadecimal):
    return ec.derive_private_key(int(hexadecimal, 16), CURVE)


def x_of(key):
    return key.public_key().public_numbers().x.to_bytes(32, "big")


def identifier(byte):
    """RFC 9528 section 3.3.2: one byte that encodes an integer in -24..23 is that integer."""
    value = bytes([byte])
    return Raw(value) if byte <= 0x17 or 0x20 <= byte <= 0x37 else value


def verify(public_key, signature, message):
    """ES256 with r || s (RFC 9053 section 2.1)."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public_key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


class Check:
    def __init__(self, vector):
        self.name = vector["name"]
        self.inputs = vector["inputs"]
        self.outputs = dict(vector["outputs"])

    def hex(self, name):
        return bytes.fromhex(self.inputs[name])

    def recorded(self, name):
        return bytes.fromhex(self.outputs[name])

    def same(self, name, value):
        recorded = self.outputs.pop(name)
        if recorded != value.hex():
            sys.exit(f"{self.name}: {name} is\n  {recorded}\nbut should be\n  {value.hex()}")

    def true(self, what, holds):
        if not holds:
            sys.exit(f"{self.name}: {what}")

    def run(self):
        try:
            self.key_exchange()
            self.evidence()
            self.records()
        except InvalidSignature:
            sys.exit(f"{self.name}: a signature does not verify")
        except InvalidTag:
            sys.exit(f"{self.name}: a ciphertext does not authenticate")
        except ValueError as error:
            sys.exit(f"{self.name}: {error}")
        self.true(f"unchecked outputs {sorted(self.outputs)}", not self.outputs)

    def key_exchange(self):
        inputs = self.inputs
        eph_i, eph_r = private(inputs["eph_i"]), private(inputs["eph_r"])
        g_x, g_y = x_of(eph_i), x_of(eph_r)
        c_i, c_r = (identifier(self.hex(name)[0]) for name in ("c_i", "c_r"))

        leaf = self.hex("leaf")
        self.factory = x509.load_der_x509_certificate(leaf).public_key()
        own = private(inputs["sk_factory"]).public_key()
        self.true(
            "the certificate holds another key",
            own.public_numbers() == self.factory.public_numbers(),
        )
        cred_r = cbor(leaf)
        id_cred_r = cbor({33: leaf} if inputs["form"] == "x5chain" else {34: [-15, sha256(leaf)[:8]]})
        owner = private(inputs["sk_owner"]).public_key()
        numbers = owner.public_numbers()
        x = numbers.x.to_bytes(32, "big")
        cred_i = cbor({8: {1: {1: 2, -1: 1, -2: x, -3: numbers.y % 2 == 1}}})
        self.true("the CCS has not 46 bytes", len(cred_i) == 46)
        id_cred_i = cbor({14: Raw(cred_i)})

        # message_1: METHOD 0, SUITES_I 3, EAD_1 = trigger
        message_1 = sequence(0, 3, g_x, c_i, 20)
        self.same("message_1", message_1)
        by_reference = inputs["form"] == "x5t"
        self.same("hello_envelope", bytes([0x01, inputs["version"], by_reference]) + message_1)

        # message_2
        ead_2 = sequence(21, cbor([263]))
        th_2 = sha256(sequence(g_y, sha256(message_1)))
        g_xy = eph_i.exchange(ec.ECDH(), eph_r.public_key())
        prk_2e = extract(th_2, g_xy)
        prk_3e2m = prk_2e
        context_2 = sequence(c_r, Raw(id_cred_r), th_2, Raw(cred_r)) + ead_2
        mac_2 = kdf(prk_3e2m, 2, context_2, 32)
        message_2 = self.recorded("message_2")
        body = self.unwrap(message_2)
        self.true("message_2 has another G_Y", body[:32] == g_y)
        keystream = kdf(prk_2e, 0, th_2, len(body) - 32)
        plaintext_2 = bytes(a ^ b for a, b in zip(body[32:], keystream))
        prefix = sequence(c_r, Raw(id_cred_r)) + head(2, 64)
        signature_2 = plaintext_2[len(prefix) : len(prefix) + 64]
        self.true("PLAINTEXT_2 is another", plaintext_2 == prefix + signature_2 + ead_2)
        signed = ["Signature1", id_cred_r, sequence(th_2, Raw(cred_r)) + ead_2, mac_2]
        verify(self.factory, signature_2, cbor(signed))
        self.same("message_2", cbor(g_y + bytes(a ^ b for a, b in zip(plaintext_2, keystream))))

        # message_3
        ead_3 = sequence(22, cbor([263, self.hex("nonce")]))
        th_3 = sha256(cbor(th_2) + plaintext_2 + cred_r)
        k_3, iv_3 = kdf(prk_3e2m, 3, th_3, 16), kdf(prk_3e2m, 4, th_3, 13)
        a_3 = cbor(["Encrypt0", b"", th_3])
        message_3 = self.recorded("message_3")
        plaintext_3 = AESCCM(k_3, tag_length=16).decrypt(iv_3, self.unwrap(message_3), a_3)
        prk_4e3m = prk_3e2m
        mac_3 = kdf(prk_4e3m, 6, sequence(Raw(id_cred_i), th_3, Raw(cred_i)) + ead_3, 32)
        prefix = id_cred_i + head(2, 64)
        signature_3 = plaintext_3[len(prefix) : len(prefix) + 64]
        self.true("PLAINTEXT_3 is another", plaintext_3 == prefix + signature_3 + ead_3)
        signed = ["Signature1", id_cred_i, sequence(th_3, Raw(cred_i)) + ead_3, mac_3]
        verify(owner, signature_3, cbor(signed))
        self.same("message_3", cbor(AESCCM(k_3, tag_length=16).encrypt(iv_3, plaintext_3, a_3)))

        # message_4
        th_4 = sha256(cbor(th_3) + plaintext_3 + cred_i)
        self.same("th_4", th_4)
        k_4, iv_4 = kdf(prk_4e3m, 8, th_4, 16), kdf(prk_4e3m, 9, th_4, 13)
        a_4 = cbor(["Encrypt0", b"", th_4])
        ead_4 = AESCCM(k_4, tag_length=16).decrypt(iv_4, self.unwrap(self.recorded("message_4")), a_4)
        self.true("EAD_4 is another", ead_4 == sequence(23, self.recorded("evidence")))
        self.same("message_4", cbor(AESCCM(k_4, tag_length=16).encrypt(iv_4, ead_4, a_4)))

        # Exporter
        prk_exporter = kdf(kdf(prk_4e3m, 7, th_4, 32), 10, b"", 32)
        context = cbor(["TS/1", inputs["version"]])
        self.binder = kdf(prk_exporter, 2, b"attestation", 32)
        self.same("binder", self.binder)
        self.key_i = kdf(prk_exporter, 0x8001, context, 32)
        self.key_r = kdf(prk_exporter, 0x8002, context, 32)
        ivs = kdf(prk_exporter, 0x8003, context, 24)
        self.iv_i, self.iv_r = ivs[:12], ivs[12:]
        self.touch_key = kdf(prk_exporter, 0x8004, context, 32)
        self.k_adv = kdf(prk_exporter, 0x8005, context, 32)
        self.same("key_i_to_r", self.key_i)
        self.same("key_r_to_i", self.key_r)
        self.same("static_ivs", ivs)
        self.same("touch_key", self.touch_key)
        self.same("k_adv", self.k_adv)
        self.th_4, self.cred_i, self.message_3 = th_4, cred_i, message_3

    @staticmethod
    def unwrap(item):
        """The content of one byte string that is the whole of `item`."""
        for skip in (1, 2, 3):
            if cbor(item[skip:]) == item:
                return item[skip:]
        raise ValueError("not one byte string")

    def evidence(self):
        claims = self.inputs["claims"]
        ueid = self.hex("ueid")
        self.true("the ueid has not type 0x01 and 16 bytes", len(ueid) == 17 and ueid[0] == 1)
        payload = cbor(
            {
                10: self.hex("nonce"),
                256: ueid,
                259: claims["model_class"].to_bytes(2, "big"),
                262: claims["secure_boot"],
                263: claims["debug_status"],
                268: bytes.fromhex(claims["boot_id"]),
                271: [claims["firmware"]],
                -70001: [
                    claims["reset_epoch"],
                    claims["presence"],
                    claims["actuators"],
                    claims["max_level"],
                    claims["highest_version"],
                    claims["boot_count"],
                ],
            }
        )
        protected = cbor({1: -7, 16: 263})
        recorded = self.recorded("evidence")
        signature = recorded[-64:]
        verify(self.factory, signature, cbor(["Signature1", protected, self.binder, payload]))
        self.same("evidence", cbor([protected, {}, payload, signature]))

    def seal(self, key, iv, counter, kind, array, *classes):
        plaintext = bytes([kind]) + cbor(array)
        length = min(size for size in classes if size >= len(plaintext))
        plaintext = plaintext.ljust(length, b"\0")
        mask = bytes(4) + counter.to_bytes(8, "big")
        nonce = bytes(a ^ b for a, b in zip(iv, mask))
        return plaintext, AESGCM(key).encrypt(nonce, plaintext, b"")

    def up(self, counter, *record):
        return self.seal(self.key_i, self.iv_i, counter, *record)

    def down(self, counter, *record):
        return self.seal(self.key_r, self.iv_r, counter, *record)

    def records(self):
        inputs = self.inputs
        _, prepare = self.up(0, 0x01, [], 16)
        self.same("prepare_sealed", prepare)
        length = len(self.message_3).to_bytes(2, "big")
        self.same("message_3_envelope", b"\x83" + length + self.message_3 + b"\x06" + prepare)

        level = 1
        arm, sealed = self.up(1, 0x10, [level, sha256(self.hex("n_p"))], 48)
        self.same("arm_sealed", sealed)
        h_arm = sha256(arm)
        self.same("h_arm", h_arm)
        _, sealed = self.down(0, 0x03, [inputs["epoch"], level], 16)
        self.same("armed_sealed", sealed)
        epoch = inputs["epoch"].to_bytes(4, "big")
        self.same("advert_tag", hmac.new(self.k_adv, epoch, hashlib.sha256).digest()[:4])

        kind, contended, n_d = inputs["press_kind"], inputs["contended"], self.hex("n_d")
        confirmed = (
            b"TS/1 touch"
            + self.th_4
            + h_arm
            + sha256(self.cred_i)
            + self.hex("ueid")
            + bytes([level, kind, min(contended, 255)])
            + n_d
        )
        confirmation = hmac.new(self.touch_key, confirmed, hashlib.sha256).digest()
        _, sealed = self.down(1, 0x20, [confirmation, kind, contended, n_d], 80)
        self.same("touch_sealed", sealed)
        self.same("commit_id", sha256(self.th_4)[:16])

        network = [self.hex("ssid"), 4, self.hex("passphrase"), False, b"", 0, []]
        _, sealed = self.up(2, 0x38, [[network], b"", b""], 192, 512, 1536)
        self.same("cred_sealed", sealed)


def main():
    default = pathlib.Path(__file__).with_name("ts1-credential-mix.json")
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    vectors = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    for vector in vectors:
        Check(vector).run()
        print(f"ok: {vector['name']}")
    if not vectors:
        sys.exit("no vectors")


if __name__ == "__main__":
    main()
