"""Verifies an export of the audit log from docs/storage_format.md alone: another language, another library, no code of ours."""

import base64
import hashlib
import json
import pathlib
import struct
import subprocess
import tempfile

KINDS = {"grant": 1, "withdrawal": 2, "opt_out": 3, "restriction": 4, "restriction_lifted": 5, "child_marked": 6,
         "child_unmarked": 7, "erasure": 8, "preferences": 9, "link": 10, "unlink": 11, "import": 20, "notice": 40, "model": 41,
         "configuration": 42, "principals": 43, "restore": 44, "release": 45, "pseudonym_key": 46}
MEMBERS = ["index", "time_us", "kind", "actor", "commitment", "hash"]


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def commitment_to(opening):
    return sha256(b"assent.audit.commitment.v1\0", opening)


def chain_hash(before, line):
    actor = line["actor"].encode()
    canonical = struct.pack("<QqII", line["index"], line["time_us"], KINDS[line["kind"]], len(actor))
    return sha256(b"assent.audit.entry.v1\0", before, canonical, bytes.fromhex(line["commitment"]), actor)


def merkle_root_of_path(leaf, index, size, path):
    """RFC 9162 section 2.1.3, from the root down: the size of each subtree says on which side the leaf is."""
    def root(index, size, path):
        if size == 1:
            return sha256(b"\0", leaf) if not path else None
        if not path:
            return None
        left = 1 << (size - 1).bit_length() - 1
        if index < left:
            inner = root(index, left, path[:-1])
            return inner and sha256(b"\1", inner, path[-1])
        inner = root(index - left, size - left, path[:-1])
        return inner and sha256(b"\1", path[-1], inner)
    return root(index, size, path) if 0 <= index < size else None


def as_written(document):
    return json.dumps(document, separators=(",", ":")) + "\n"


def signature_fits(document, public_key):
    with tempfile.TemporaryDirectory() as folder:
        message, signature = pathlib.Path(folder, "message"), pathlib.Path(folder, "signature")
        message.write_text(f"{document['protected']}.{document['payload']}")
        signature.write_bytes(decoded(document["signature"]))
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public_key, "-in", message,
                               "-sigfile", signature], capture_output=True).returncode == 0


def check_entry(line, before, index):
    """The hash of the entry. Raises ValueError."""
    if list(line) not in (MEMBERS, MEMBERS + ["opening"]):
        raise ValueError("other members than an entry has")
    if line["index"] != index:
        raise ValueError("another entry has to stand here")
    if bytes.fromhex(line["commitment"]).hex() != line["commitment"] or "opening" in line and \
            encoded(decoded(line["opening"])) != line["opening"]:
        raise ValueError("another way to write the same bytes")
    if chain_hash(before, line).hex() != line["hash"]:
        raise ValueError("the hash does not fit")
    if "opening" in line and commitment_to(decoded(line["opening"])).hex() != line["commitment"]:
        raise ValueError("the opening does not fit")
    return bytes.fromhex(line["hash"])


def check_checkpoint(document, public_key, index, before):
    for member in ("payload", "protected", "signature"):
        if encoded(decoded(document[member])) != document[member]:
            raise ValueError("another way to write the same bytes")
    if not signature_fits(document, public_key):
        raise ValueError("the signature does not fit")
    payload = json.loads(decoded(document["payload"]))
    if payload["schema"] != "assent.v1.AuditCheckpoint":
        raise ValueError("no checkpoint")
    if payload["index"] != index or payload["hash"] != before.hex():
        raise ValueError("a checkpoint of another log")


def fault_of(text, public_key):
    """(number of the first line at fault, what is wrong), or None. `text`: the export, as bytes."""
    lines = text.decode("ascii", "replace").splitlines(keepends=True)
    before, signed = bytes(32), False
    for number, text_of_line in enumerate(lines, 1):
        try:
            if signed:
                raise ValueError("behind the checkpoint")
            line = json.loads(text_of_line)
            if as_written(line) != text_of_line:
                raise ValueError("not as an export writes it")
            if set(line) == {"checkpoint"}:
                check_checkpoint(line["checkpoint"], public_key, number - 1, before)
                signed = True
            else:
                before = check_entry(line, before, number)
        except (ValueError, KeyError, TypeError, struct.error, AttributeError) as error:
            return number, repr(error)
    return None if signed else (len(lines) + 1, "the end is missing")
