#!/usr/bin/env python3
"""A second decoder of everything TS/1 puts on the wire, made from docs/PROTOCOL.md alone.

The CDDL blocks and the table of records are read out of the document and carried out by zcbor; what the document says in words is written out below, each
rule with its section. `examples/wire.rs` prints what the Rust codec writes, and touchstone-trust's `examples/bundle.rs` trust bundles: every item must decode
to the same values here. Then each item is damaged in many ways, and both must agree on which of the results are still good. Exits with 1 and the
differences otherwise.

    python3 crates/touchstone-proto/vectors/check_cddl.py WIRE BUNDLE [SEED]

WIRE and BUNDLE are the built examples. Needs the PyPI packages `zcbor`, `cbor2` and `cryptography` (for check_ts1.py, whose CBOR writer this uses).
"""

import contextlib
import copy
import hashlib
import hmac
import io
import json
import pathlib
import random
import re
import subprocess
import sys

import cbor2
import zcbor

from check_ts1 import cbor

PROTOCOL = pathlib.Path(__file__).resolve().parents[3] / "docs" / "PROTOCOL.md"
DAMAGED = 30

# CBOR sequences, which CDDL describes as groups: for zcbor, arrays.
SEQUENCES = ("message-1", "plaintext-2", "plaintext-3", "plaintext-4", "edhoc-error", "ead-1", "ead-2", "ead-3", "ead-4")


class Refused(Exception):
    pass


def require(holds, why):
    if not holds:
        raise Refused(why)


# --- the document ---


class Document:
    def __init__(self, text):
        cddl = "\n".join(re.findall(r"^```cddl\n(.*?)^```", text, re.M | re.S))
        cddl += "".join(f"\nsequence-{name} = [ {name} ]" for name in SEQUENCES)
        self.types = zcbor.DataTranslator.from_cddl(cddl, 64).my_types
        plain = re.sub(r";.*", "", cddl)
        self.labels = set(re.findall(r"([a-z_]\w*)\s*:", plain))
        # | 0x10 | ARM | phone | 48 | `arm`: ... |
        rows = re.findall(r"^\| (0x..) \| [A-Z]+ \| (\w+).*? \| ([\d, ]+) \| `([\w-]+)`", text, re.M)
        self.records = {}
        for kind, sender, classes, rule in rows:
            classes = [int(size) for size in classes.split(",")]
            for direction in ("phone", "device") if sender == "both" else (sender,):
                self.records[direction, int(kind, 16)] = (rule, classes)
        used = {rule for rule, _ in self.records.values()}
        require(used <= self.types.keys(), f"no CDDL for {used - self.types.keys()}")

    def decode(self, rule, value):
        """What zcbor makes of a value, as its leaves in order, each with its label; constants are left out."""
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                decoded = self.types[rule].decode_obj(value)
            except Exception as error:
                raise Refused(str(error)) from error
        return list(self.leaves(decoded, None))

    def leaves(self, value, label):
        if value is None:
            return
        if hasattr(value, "_asdict"):
            for name, member in value._asdict().items():
                if name != "union_choice":
                    yield from self.leaves(member, name if name in self.labels else label)
        elif isinstance(value, list):
            for member in value:
                yield from self.leaves(member, label)
        else:
            yield label, value


# --- section 0: deterministic CBOR ---


def items(data, count=None):
    """The items of a sequence and what follows them."""
    stream, found = io.BytesIO(data), []
    while stream.tell() < len(data) and (count is None or len(found) < count):
        start = stream.tell()
        try:
            value = cbor2.CBORDecoder(stream).decode()
            same = cbor(value) == data[start : stream.tell()]
        except Exception as error:
            raise Refused(str(error)) from error
        require(same, "not deterministic")
        found.append(value)
    require(count is None or len(found) == count, "too short")
    return found, data[stream.tell() :]


def one(data):
    (value,), rest = items(data, 1)
    require(not rest, "trailing bytes")
    return value


def by_label(leaves, label):
    return [value for name, value in leaves if name == label]


# --- section 5 ---


def claims(document, data):
    value = one(data)
    leaves = document.decode("claims", value)
    require(value[256][0] == 0x01, "ueid of another type")
    number = "(0|[1-9][0-9]{0,4})"
    version = re.fullmatch(rf"{number}\.{number}\.{number}", value[271][0], re.A)
    require(version and all(int(part) <= 65535 for part in version.groups()), "no version")
    return leaves


def evidence(document, data):
    value = one(data)
    leaves = document.decode("evidence", value)
    require(len(data) <= 384, "too long")
    one(value[0])
    claims(document, value[2])
    return leaves


def ead(number):
    label = 19 + number

    def read(document, data):
        sequence, _ = items(data)
        ours = []
        while sequence:
            name = sequence.pop(0)
            require(type(name) is int and -(2**63) <= name < 2**63, "no label")
            value = sequence.pop(0) if sequence and type(sequence[0]) is bytes else None
            if abs(name) == label:
                ours.append(value)
            else:
                require(name >= 0, "unknown and critical")
        if number == 4 and not ours:
            return []
        require(len(ours) == 1, "not exactly once")
        if number == 4:
            # What is in it is the evidence's.
            require(ours[0] is not None, "no evidence")
            return [("ead_value", ours[0])]
        leaves = document.decode(f"sequence-ead-{number}", [label] if ours[0] is None else [label, ours[0]])
        if number > 1:
            value = one(ours[0])
            leaves = document.decode(["formats", "request"][number - 2], value)
            require(number == 3 or 263 in value, "not our format")
        return leaves

    return read


def message_1(document, data):
    require(len(data) <= 2048, "too long")
    sequence, _ = items(data)
    document.decode("sequence-message-1", sequence)
    method, suites, g_x, c_i, *field = sequence
    suites = suites if isinstance(suites, list) else [suites]
    taken = [suite for suite in suites if suite in (3, -21)]
    require(taken and taken[0] == suites[-1], "another suite")
    require(len(g_x) == {3: 32, -21: 1216}[taken[0]], "a share of another suite")
    identifier(c_i)
    x = int.from_bytes(g_x[:32], "big")
    require(x > 0 and on_curve(x), "not on the curve")
    # FIPS 203 section 7.2: 768 coefficients of 12 bits, and 32 bytes of seed.
    coefficients = int.from_bytes(g_x[32:-32], "little")
    require(all(coefficients >> 12 * i & 0xFFF < 3329 for i in range(len(g_x[32:-32]) * 2 // 3)), "not below the modulus")
    ead(1)(document, b"".join(map(cbor, field)))
    return []


def identifier(value):
    if isinstance(value, bytes) and len(value) == 1:
        require(not (value[0] <= 0x17 or 0x20 <= value[0] <= 0x37), "has to be an integer")


def on_curve(x):
    """P-256 (NIST SP 800-186 section 3.2.1.3)."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    square = (x**3 - 3 * x + b) % p
    return x < p and pow(pow(square, (p + 1) // 4, p), 2, p) == square


def ccs(rule):
    def read(document, data):
        leaves = document.decode(rule, one(data))
        require(on_curve(int.from_bytes(leaves[0][1], "big")), "not on the curve")
        return leaves

    return read


def id_cred_r(document, data):
    return document.decode("id-cred-r", one(data))


def edhoc_error(document, data):
    sequence, _ = items(data)
    return document.decode("sequence-edhoc-error", sequence)


# --- sections 6 and 7 ---


def record(direction):
    def read(document, plaintext):
        require(plaintext, "empty")
        kind = plaintext[0]
        if (direction, kind) not in document.records:
            require(kind & 0x40, "unknown")
            return None
        rule, classes = document.records[direction, kind]
        (array,), padding = items(plaintext[1:], 1)
        leaves = document.decode(rule, array)
        if rule == "cred":
            credentials(array)
        require(not any(padding), "padding")
        used = len(plaintext) - len(padding)
        smallest = next((size for size in classes if size >= used), None)
        require(len(plaintext) == smallest, "class")
        return leaves

    return read


def credentials(cred):
    networks, country, _ = cred
    for _, security, secret, *_ in networks:
        require((security == 5) == isinstance(secret, list), "secret of another security")
        if security in (0, 1):
            require(secret == b"", "a secret too many")
        elif security in (2, 3, 4) and len(secret) == 64:
            require(re.fullmatch(rb"[0-9a-fA-F]+", secret), "not hexadecimal")
        elif security in (2, 3, 4):
            require(len(secret) >= 8 and not any(byte < 0x20 or byte == 0x7F for byte in secret), "passphrase")
    require(re.fullmatch(rb"([A-Z]{2})?", country), "country")


# --- sections 2, 3 and 4 ---


def advert(_, data):
    require(len(data) == 12 and data[0] > 0, "not 12 bytes, or no version")
    require(data[0] > 1 or not data[1] & 0xE0, "reserved flags")
    flags = [data[1] >> bit & 1 == 1 for bit in range(5)]
    numbers = [int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")]
    return [(None, value) for value in [data[0], *flags, *numbers, data[8:]]]


def envelope(_, data):
    messages, rest = [], data
    while True:
        require(rest, "no message")
        more, kind, rest = rest[0] & 0x80, rest[0] & 0x7F, rest[1:]
        body, after = rest, None
        if more:
            length = int.from_bytes(rest[:2], "big")
            require(len(rest) >= 2 + length, "too short")
            body, after = rest[2 : 2 + length], rest[2 + length :]
        require(body and 1 <= kind <= 6, "no such message")
        told = [kind, body]
        if kind == 1:
            require(len(body) > 2 and body[1] in (0, 1), "hello")
            told = [1, body[0], body[1] == 1, body[2:]]
        messages += [(None, value) for value in told]
        if after is None:
            return messages
        rest = after


def fragment(_, data):
    """The first one of a link, before anything was sent the other way."""
    require(4 <= len(data) <= 512 or (len(data) == 3 and data[0] & 0x20), "length")
    flags, seq, ack = data[:3]
    require(not flags & 0x07, "reserved")
    if flags & 0x20:
        require(len(data) == 3 and not flags & 0xC0, "control")
    else:
        require(not flags & 0x18, "poll or resend without control")
    require(ack == 0, "acknowledges what was never sent")
    if flags & 0x20 or seq != 0:
        return []  # Nothing to do, a gap or a repeat.
    require(flags & 0x80 and len(data) > 5, "does not begin, or is empty")
    total, payload = int.from_bytes(data[3:5], "big"), data[5:]
    require(1 <= total <= 2048 and len(payload) <= total, "total")
    require((len(payload) == total) == bool(flags & 0x40), "last")
    return []


def reassembled(fragments, size):
    """What the fragments of a new link carry."""
    whole, total = b"", None
    for number, data in enumerate(fragments):
        first, last = number == 0, number == len(fragments) - 1
        require(data[0] == (0x80 if first else 0) | (0x40 if last else 0), "flags")
        require(data[1:3] == bytes([number, 0]), "numbers")
        require(len(data) == size or (last and len(data) <= size), "size")
        if first:
            total = int.from_bytes(data[3:5], "big")
        whole += data[5 if first else 3 :]
    require(len(whole) == total, "total")
    return whole


# --- section 11 ---


def bundle(document, data):
    value = one(data)
    leaves = document.decode("bundle", value)
    for _, names, *_ in value[8]:
        languages = [language.encode() for language, _ in names]
        require(languages == sorted(set(languages)), "languages out of order")
    return leaves


def bundle_message(document, data):
    value = one(data)
    document.decode("bundle-message", value)
    one(value[0])
    bundle(document, value[2])
    return []


# --- section 6: what both sides compute ---


def derived(reader, data):
    if reader == "commitment":
        return [hashlib.sha256(data).hexdigest()]
    if reader == "commit-id":
        return [hashlib.sha256(data).digest()[:16].hex()]
    key, message = data[:32], data[32:]
    mac = hmac.new(key, b"TS/1 sas" + message, hashlib.sha256).digest()
    number = int.from_bytes(mac[:8], "big") % 216
    return [number // 36 + 1, number // 6 % 6 + 1, number % 6 + 1]


READERS = {
    "phone": record("phone"),
    "device": record("device"),
    "claims": claims,
    "evidence": evidence,
    "ead-1": ead(1),
    "ead-2": ead(2),
    "ead-3": ead(3),
    "ead-4": ead(4),
    "ccs": ccs("ccs"),
    "id-cred-i": ccs("id-cred-i"),
    "id-cred-r": id_cred_r,
    "message-1": message_1,
    "edhoc-error": edhoc_error,
    "advert": advert,
    "envelope": envelope,
    "fragment": fragment,
    "bundle": bundle,
    "bundle-message": bundle_message,
}
BUNDLE = {"bundle", "bundle-message"}
WIRE = set(READERS) - BUNDLE


# --- the comparison ---


def flat(values):
    """The values in order; byte strings as the codec prints them."""
    return [leaf for value in values for leaf in flat(value)] if isinstance(values, list) else [values]


def as_told(value):
    return value.hex() if isinstance(value, bytes) else value


ODD = [0, 1, 2, 3, 23, 24, 33, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63, 2**64 - 1, -1, -24, -25, -128, -129]
ODD += [-(2**63) - 1, b"", b"\x00", b"\x18", bytes(8), bytes(32), "", "x", "1.2.3", True, False, None, [], [0], {}, {1: 0}]


def places(value, path=()):
    yield path
    if isinstance(value, (list, dict)):
        for key in range(len(value)) if isinstance(value, list) else value:
            yield from places(value[key], (*path, key))


def damaged_value(dice, value):
    value = copy.deepcopy(value)
    path = dice.choice(list(places(value)))
    if not path:
        return damaged_leaf(dice, value)
    within = value
    for key in path[:-1]:
        within = within[key]
    key = path[-1]
    fate = dice.randrange(8)
    if fate == 0:
        del within[key]
    elif fate == 1 and isinstance(within, list):
        within.insert(key, dice.choice(ODD))
    elif fate == 1:
        within[dice.choice(ODD[:22])] = 0
    elif fate == 2 and isinstance(within, list):
        within[key] = copy.deepcopy(within[dice.randrange(len(within))])
    else:
        within[key] = damaged_leaf(dice, within[key])
    return value


def damaged_leaf(dice, leaf):
    fate = dice.randrange(3)
    if fate and isinstance(leaf, bytes):
        if leaf and dice.random() < 0.3:
            at = dice.randrange(len(leaf))
            return leaf[:at] + bytes([dice.randrange(256)]) + leaf[at + 1 :]
        return dice.choice([leaf[:-1], leaf + b"0", leaf * 2, b""])
    if fate and isinstance(leaf, str):
        return dice.choice([leaf[:-1], leaf + "0", "0" + leaf, leaf.replace(".", "x", 1)])
    if fate and type(leaf) is int:
        return leaf + dice.choice([-1, 1])
    if fate and isinstance(leaf, list):
        return dice.choice([leaf[:-1], leaf + [0], leaf + leaf[-1:]])
    return dice.choice(ODD)


def longer_head(dice, data):
    """One head in more bytes than it needs, or an indefinite length."""
    at = dice.randrange(len(data))
    first = data[at]
    if dice.random() < 0.5 or first & 0x1F > 23:
        return data[:at] + bytes([first | 0x1F]) + data[at + 1 :]
    return data[:at] + bytes([first & 0xE0 | 24, first & 0x1F]) + data[at + 1 :]


def damaged_bytes(dice, data):
    at = dice.randrange(len(data))
    return dice.choice(
        [
            data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :],
            data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :],
            data[:at],
            data + bytes([dice.randrange(256)]),
            longer_head(dice, data),
        ]
    )


def damaged(document, dice, reader, data):
    """One item somewhat other than it was."""
    if reader in ("advert", "envelope", "fragment"):
        at = dice.randrange(min(len(data), 8))
        byte = dice.choice([0, 1, 2, 0x7F, 0x80, 0x40, 0x20, 0xFF, dice.randrange(256)])
        return dice.choice([data[:at] + bytes([byte]) + data[at + 1 :], data[:at], data + b"0", damaged_bytes(dice, data)])
    if reader in ("phone", "device"):
        (array,), rest = items(data[1:], 1)
        kind, used = data[0], data[1 : len(data) - len(rest)]
        _, classes = document.records[reader, kind]
        fate = dice.randrange(10)
        if fate == 0:
            return bytes([dice.randrange(256)]) + data[1:]
        if fate == 1:
            return data[: 1 + len(used)].ljust(dice.choice([0, 15, 16, 17, 48, 80, 192, 512, 1024, 1536]), b"\0")
        if fate == 2:
            return data[:-1] + bytes([data[-1] ^ 1])
        used = damaged_bytes(dice, used) if fate < 5 else encoded(dice, array)
        size = next((size for size in classes if size >= 1 + len(used)), classes[-1])
        return (bytes([kind]) + used).ljust(size, b"\0")[:1536]
    if dice.random() < 0.3:
        return damaged_bytes(dice, data)
    sequence, _ = items(data)
    if reader in ("message-1", "edhoc-error") or reader.startswith("ead"):
        values = damaged_value(dice, sequence)
        return b"".join(map(cbor, values)) if isinstance(values, list) else cbor(values)
    return encoded(dice, sequence[0])


def encoded(dice, value):
    while True:
        try:
            return cbor(damaged_value(dice, value))
        except ValueError:
            continue  # A number that CBOR cannot hold.


def verdict(document, reader, data):
    try:
        return "skipped" if READERS[reader](document, data) is None else "yes"
    except Refused:
        return "no"


def known(reader, data):
    """What the two need not agree about: an EDHOC error of a code that TS/1 never sends ends the exchange like any other."""
    if reader != "edhoc-error":
        return False
    try:
        (code,), _ = items(data, 1)
    except Refused:
        return False
    return type(code) is int and code not in (1, 2, 3)


def main():
    seed = sys.argv[3] if len(sys.argv) > 3 else "1"
    document = Document(PROTOCOL.read_text(encoding="utf-8"))
    failed = [compare(document, codec, seed, own) for codec, own in zip(sys.argv[1:3], (WIRE, BUNDLE), strict=True)]
    sys.exit(1 if any(failed) else 0)


def compare(document, codec, seed, expected):
    """Whether a codec and the document differ."""
    printed = subprocess.run([codec, seed], input="", capture_output=True, text=True, check=True).stdout
    corpus = [json.loads(line) for line in printed.splitlines() if line]
    differences, seen, checked = [], set(), []
    for item in corpus:
        reader, data, values = item["reader"], bytes.fromhex(item["bytes"]), item["values"]
        if reader == "fragments":
            size, fragments = values[0], [bytes.fromhex(text) for text in values[1]]
            if reassembled(fragments, size) != data:
                differences.append(f"fragments of {item['bytes']}")
            checked += [("fragment", fragments[0])]
            continue
        if reader in ("sas", "commitment", "commit-id"):
            if derived(reader, data) != values:
                differences.append(f"{reader} {item['bytes']}: {values}, should be {derived(reader, data)}")
            continue
        seen.add((reader, data[0]) if reader in ("phone", "device") else reader)
        try:
            leaves = READERS[reader](document, data)
        except Refused as why:
            differences.append(f"{reader} {item['bytes']}: refused, {why}")
            continue
        found = [as_told(value) for _, value in leaves]
        told = [value for value in flat(values)] if values is not None else found
        same = [(type(a), a) for a in found] == [(type(b), b) for b in told]
        if not same and not (reader == "device" and data[0] == 0x13 and found == told[1:]):
            differences.append(f"{reader} {item['bytes']}: {found}, should be {told}")
        checked.append((reader, data))
    if "phone" in expected:
        expected = expected | set(document.records)
    missing = expected - {"phone", "device", "evidence", "fragment"} - seen
    differences += [f"nothing was written for {name}" for name in missing]

    # A COSE_Sign1 with each claims set that was written, signed by nobody.
    header = cbor({1: -7, 16: 263})
    checked += [("evidence", cbor([header, {}, data, bytes(range(1, 65))])) for reader, data in checked if reader == "claims"]
    dice = random.Random(seed)
    trials = [(reader, damaged(document, dice, reader, data)) for reader, data in checked for _ in range(DAMAGED)]
    trials = [trial for trial in trials if not known(*trial)]
    lines = "".join(f"{reader} {data.hex()}\n" for reader, data in trials)
    answers = subprocess.run([codec, seed], input=lines, capture_output=True, text=True, check=True).stdout
    answers = answers.splitlines()[len(corpus) + 1 :]
    counts = {"yes": 0, "no": 0, "skipped": 0}
    for (reader, data), theirs in zip(trials, answers, strict=True):
        ours = verdict(document, reader, data)
        counts[ours] += 1
        if ours != theirs:
            differences.append(f"{reader} {data.hex()}: the codec says {theirs}, the document {ours}")
    for difference in differences[:20]:
        print(difference)
    print(
        f"{len(corpus)} items with equal values; {len(trials)} damaged ones: {counts['yes']} still good to both, "
        f"{counts['no']} refused by both, {counts['skipped']} skipped; {len(differences)} differences"
    )
    return bool(differences) or not (counts["yes"] and counts["no"])


if __name__ == "__main__":
    main()
