"""One test for each MUST of the tus protocol 1.0.0 that binds a server, in the order of its text.

| section | what the server must do | test |
| --- | --- | --- |
| Upload-Offset | be a non-negative integer | test_an_offset_is_a_number |
| Upload-Length | be a non-negative integer | test_a_length_is_a_number |
| Tus-Version | be a list of versions, the preferred one first | test_options_tell_the_versions |
| Tus-Resumable | stand in every answer | test_every_answer_tells_the_version |
| Tus-Resumable | 412 with Tus-Version for another version, and nothing done | test_another_version_is_refused |
| Tus-Extension | be a list of the extensions | test_options_tell_the_extensions |
| Tus-Max-Size | be a non-negative integer | test_options_tell_the_largest_size |
| X-HTTP-Method-Override | be the method, the real one ignored | test_the_method_can_be_overridden |
| HEAD | Upload-Offset always, at 0 and complete as well | test_head_always_tells_the_offset |
| HEAD | Upload-Length where it is known | test_head_tells_the_length |
| HEAD | Cache-Control: no-store | test_head_is_not_cached |
| PATCH | 409 for another offset, nothing changed | test_another_offset_changes_nothing |
| PATCH | 204 with the new offset, the sum of old and received | test_a_patch_tells_the_new_offset |
| OPTIONS | Tus-Version; Tus-Resumable of the request ignored | test_options_tell_the_versions |
| Creation | `creation` in Tus-Extension | test_options_tell_the_extensions |
| Upload-Defer-Length | be 1; left out where the length is known | test_a_length_is_deferred_by_1_alone |
| Upload-Metadata | unique non-empty keys, base64 values | test_metadata_that_is_none_is_refused |
| POST | one of Upload-Length and Upload-Defer-Length | test_a_creation_tells_one_length |
| POST | a length once set does not change | test_a_length_is_told_once |
| POST | Upload-Defer-Length: 1 in HEAD until the length is known | test_head_tells_that_the_length_is_unknown |
| POST | `creation-defer-length` in Tus-Extension | test_options_tell_the_extensions |
| POST | Upload-Metadata in HEAD as it was given | test_head_gives_the_metadata_back |
| POST | 413 beyond the maximum | test_a_length_beyond_the_maximum_is_refused |
| POST | 201, and Location is the address | test_a_creation_tells_the_address |
| Creation With Upload | be advertised | test_options_tell_the_extensions |
| Creation With Upload | Upload-Offset after the bytes were applied | test_bytes_can_come_with_the_creation |
| Expiration | be advertised | test_options_tell_the_extensions |
| Upload-Expires | in every answer to PATCH and to the POST, as an HTTP date | test_the_expiry_is_told |
| Checksum | be advertised | test_options_tell_the_extensions |
| Checksum | verify the chunk; of another one nothing is kept | test_a_wrong_checksum_changes_nothing |
| Checksum | nothing kept for an unknown algorithm | test_an_unknown_algorithm_changes_nothing |
| Checksum | know sha1 | test_right_checksums_are_taken |
| Checksum | names in lower-case ASCII; Tus-Checksum-Algorithm in OPTIONS | test_options_tell_the_checksums |
| Upload-Checksum | a name, a space and base64 | test_a_checksum_that_is_none_changes_nothing |
| Termination | be advertised | test_options_tell_the_extensions |
| Termination | 204 | test_an_upload_can_be_terminated |
| Concatenation | be advertised | test_options_tell_the_extensions |
| Concatenation | the length is the sum, the order that of the list | test_parts_are_joined_in_order |
| Concatenation | metadata of parts is not transferred | test_metadata_of_parts_is_not_the_final_ones |
| Concatenation | 403 for PATCH to a final upload, nothing changed | test_a_final_upload_takes_no_bytes |
| Concatenation | offset and length of a final upload are set and equal | test_parts_are_joined_in_order |
| Concatenation | HEAD of a part tells offset, length where known, and Upload-Concat | test_head_tells_of_a_part |
| Upload-Concat | HEAD gives it back as it came, for the final one too | test_parts_are_joined_in_order |

Those that bind the client alone, and those on `concatenation-unfinished` and `checksum-trailer`, which are not offered,
do not apply.
"""

from __future__ import annotations

import base64
import hashlib
import re
from email.utils import parsedate_to_datetime

import httpx2
import pytest
from tests.harness.tus_sender import BYTES, Sender, checksum, metadata
from tests.harness.upload_server import UploadServer

HELLO, WORLD = b"hello", b" world"


def refused(answer: httpx2.Response, status: int, code: str) -> None:
    """An answer of the one error shape, with the protocol's header."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "next"}
    assert error["code"] == code
    assert all(error.values())


@pytest.mark.parametrize("offset", ["-1", "1.0", "x", "", "9" * 19])
def test_an_offset_is_a_number(sender: Sender, offset: str) -> None:
    address = sender.begin(5)
    refused(sender.patch(address, offset, HELLO), 400, "header_refused")
    assert sender.head(address).headers["Upload-Offset"] == "0"


@pytest.mark.parametrize("length", ["-1", "5.0", "x", "", "0x5"])
def test_a_length_is_a_number(sender: Sender, length: str) -> None:
    refused(sender.post(Upload_Length=length), 400, "header_refused")


@pytest.mark.parametrize("said", ["1.0.0", "0.2.2", "nonsense"])
def test_options_tell_the_versions(sender: Sender, said: str) -> None:
    answer = sender.http.options(sender.url, headers={"Tus-Resumable": said})
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"].split(",")[0] == "1.0.0"


def test_every_answer_tells_the_version(sender: Sender) -> None:
    address = sender.begin(5)
    answers = [
        sender.post(Upload_Length="5"),
        sender.post(),
        sender.head(address),
        sender.head(f"{address}0"),
        sender.http.get(address),
        sender.http.put(sender.url),
        sender.patch(address, 3, HELLO),
        sender.patch(address, 0, HELLO),
        sender.http.patch(address, content=HELLO),
        sender.http.delete(address),
        sender.http.post(sender.url, headers={"Authorization": ""}),
        sender.http.post(sender.url, headers={"Authorization": "Bearer stranger"}),
        sender.http.post(sender.url, headers={"Tus-Resumable": "2.0.0"}),
    ]
    assert [answer.headers["Tus-Resumable"] for answer in answers] == ["1.0.0"] * len(answers)
    assert [answer.status_code for answer in answers] == [
        201, 400, 200, 404, 405, 405, 409, 204, 415, 204, 401, 403, 412,
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["0.2.2", "1.0.1", "", None])
def test_another_version_is_refused(sender: Sender, version: str | None) -> None:
    address = sender.begin(5)
    request = sender.http.build_request(
        "PATCH", address, headers={**BYTES, "Upload-Offset": "0", "Tus-Resumable": version or ""}, content=HELLO
    )
    if version is None:
        del request.headers["Tus-Resumable"]
    answer = sender.http.send(request)
    refused(answer, 412, "version_unknown")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert sender.offset(address) == 0


@pytest.mark.parametrize(
    "extension",
    [
        "creation", "creation-defer-length", "creation-with-upload", "expiration", "checksum", "termination",
        "concatenation",
    ],
)  # fmt: skip
def test_options_tell_the_extensions(sender: Sender, extension: str) -> None:
    assert extension in sender.http.options(sender.url).headers["Tus-Extension"].split(",")


def test_options_tell_the_largest_size(sender: Sender) -> None:
    assert sender.http.options(sender.url).headers["Tus-Max-Size"] == "1000000"


@pytest.mark.parametrize("real", ["POST", "PUT", "GET", "DELETE", "PATCH"])
def test_the_method_can_be_overridden(sender: Sender, real: str) -> None:
    address = sender.begin(5)
    headers = {**BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = sender.http.request(real, address, headers=headers, content=HELLO)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "5")
    assert sender.http.request(real, address, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert sender.head(address).status_code == 404


def test_head_always_tells_the_offset(sender: Sender) -> None:
    address = sender.begin(5)
    for at, byte in enumerate(HELLO):
        assert sender.head(address).headers["Upload-Offset"] == str(at)
        sender.patch(address, at, bytes([byte]))
    assert sender.head(address).headers["Upload-Offset"] == "5"
    assert "Upload-Offset" not in sender.head(f"{address}0").headers


def test_head_tells_the_length(sender: Sender) -> None:
    assert sender.head(sender.begin(5)).headers["Upload-Length"] == "5"


def test_head_is_not_cached(sender: Sender) -> None:
    assert sender.head(sender.begin(5)).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("offset", [0, 1, 3, 5])
def test_another_offset_changes_nothing(server: UploadServer, sender: Sender, offset: int) -> None:
    address = sender.begin(5)
    sender.patch(address, 0, HELLO[:2])
    refused(sender.patch(address, offset, b"XYZ"[: 5 - offset] or b"X"), 409, "offset_differs")
    assert sender.offset(address) == 2
    sender.patch(address, 2, HELLO[2:])
    assert server.taken_bytes(address.rpartition("/")[2]) == HELLO


def test_a_patch_tells_the_new_offset(sender: Sender) -> None:
    address = sender.begin(11)
    told = [sender.patch(address, at, piece) for at, piece in ((0, HELLO), (5, b""), (5, WORLD), (11, b""))]
    assert [(answer.status_code, answer.headers["Upload-Offset"]) for answer in told] == [
        (204, "5"), (204, "5"), (204, "11"), (204, "11"),
    ]  # fmt: skip


def test_another_type_of_bytes_is_refused(sender: Sender) -> None:
    address = sender.begin(5)
    answer = sender.patch(address, 0, HELLO, Content_Type="application/octet-stream")
    refused(answer, 415, "type_unknown")
    assert sender.offset(address) == 0


@pytest.mark.parametrize("value", ["0", "true", "", "2"])
def test_a_length_is_deferred_by_1_alone(sender: Sender, value: str) -> None:
    refused(sender.post(Upload_Defer_Length=value), 400, "header_refused")
    assert "Upload-Defer-Length" not in sender.head(sender.begin(5)).headers


@pytest.mark.parametrize("header", ["a YQ==,a YQ==", "a !", "a YQ", ",a YQ==", "a YQ==,,b YQ==", "a  YQ==", "ä YQ=="])
def test_metadata_that_is_none_is_refused(sender: Sender, header: str) -> None:
    answer = sender.http.post(sender.url, headers={b"Upload-Length": b"5", b"Upload-Metadata": header.encode()})
    refused(answer, 400, "metadata_refused")


def test_a_creation_tells_one_length(sender: Sender) -> None:
    refused(sender.post(), 400, "header_refused")
    refused(sender.post(Upload_Length="5", Upload_Defer_Length="1"), 400, "header_refused")


def deferred(sender: Sender) -> str:
    answer = sender.post(Upload_Defer_Length="1")
    assert answer.status_code == 201
    return str(answer.url.join(answer.headers["Location"]))


def test_a_length_is_told_once(sender: Sender) -> None:
    address = deferred(sender)
    assert sender.patch(address, 0, HELLO, Upload_Length="11").status_code == 204
    refused(sender.patch(address, 5, WORLD, Upload_Length="12"), 400, "length_refused")
    assert sender.head(address).headers["Upload-Length"] == "11"
    assert sender.patch(address, 5, WORLD, Upload_Length="11").headers["Upload-Offset"] == "11"


def test_head_tells_that_the_length_is_unknown(server: UploadServer, sender: Sender) -> None:
    address = deferred(sender)
    for at, byte in enumerate(HELLO):
        assert sender.head(address).headers["Upload-Defer-Length"] == "1"
        assert "Upload-Length" not in sender.head(address).headers
        sender.patch(address, at, bytes([byte]))
    sender.patch(address, 5, b"", Upload_Length="5")
    assert "Upload-Defer-Length" not in sender.head(address).headers
    assert server.taken_bytes(address.rpartition("/")[2]) == HELLO


def test_a_patch_without_an_offset_is_refused(sender: Sender) -> None:
    address = sender.begin(5)
    refused(sender.http.patch(address, headers=BYTES, content=HELLO), 400, "header_refused")
    assert sender.offset(address) == 0


def test_an_upload_that_takes_no_bytes_is_not_begun_with_some(server: UploadServer, sender: Sender) -> None:
    part = sender.upload(HELLO, Upload_Concat="partial")
    before = server.kept()
    refused(sender.post(HELLO, Upload_Length="0", **BYTES), 400, "header_refused")
    refused(sender.post(HELLO, Upload_Concat=f"final;{part}", **BYTES), 400, "header_refused")
    assert server.kept() == before


def test_a_length_told_with_a_wrong_chunk_is_not_kept(sender: Sender) -> None:
    address = deferred(sender)
    header = {"Upload_Checksum": checksum(WORLD)["Upload-Checksum"]}
    refused(sender.patch(address, 0, HELLO, Upload_Length="5", **header), 460, "checksum_differs")
    assert sender.head(address).headers["Upload-Defer-Length"] == "1"


def test_a_length_below_what_is_there_is_refused(sender: Sender) -> None:
    address = deferred(sender)
    sender.patch(address, 0, HELLO)
    refused(sender.patch(address, 5, b"", Upload_Length="4"), 400, "length_refused")


def test_head_gives_the_metadata_back(sender: Sender) -> None:
    header = f"{metadata(filename='Übersicht.csv')},confidential"
    assert sender.head(sender.begin(5, Upload_Metadata=header)).headers["Upload-Metadata"] == header
    assert "Upload-Metadata" not in sender.head(sender.begin(5, Upload_Metadata="")).headers


def test_a_length_beyond_the_maximum_is_refused(sender: Sender) -> None:
    refused(sender.post(Upload_Length="1000001"), 413, "too_large")
    address = deferred(sender)
    refused(sender.patch(address, 0, HELLO, Upload_Length="1000001"), 413, "too_large")


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_creation_tells_the_address(sender: Sender, slash: str) -> None:
    answer = sender.http.post(sender.url + slash, headers={"Upload-Length": "5"})
    assert answer.status_code == 201
    address = str(answer.url.join(answer.headers["Location"]))
    assert re.fullmatch(re.escape(sender.url) + "/[0-9a-f]{32}", address)
    assert sender.offset(address) == 0


def test_an_upload_of_no_bytes_is_complete_at_once(server: UploadServer, sender: Sender) -> None:
    address = sender.begin(0)
    assert sender.offset(address) == 0
    assert server.taken_bytes(address.rpartition("/")[2]) == b""


def test_bytes_can_come_with_the_creation(server: UploadServer, sender: Sender) -> None:
    answer = sender.post(HELLO, Upload_Length="11", **{"Content-Type": BYTES["Content-Type"]})
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5")
    address = str(answer.url.join(answer.headers["Location"]))
    assert sender.patch(address, 5, WORLD).headers["Upload-Offset"] == "11"
    assert server.taken_bytes(address.rpartition("/")[2]) == HELLO + WORLD


def test_a_creation_whose_bytes_are_refused_leaves_nothing(server: UploadServer, sender: Sender) -> None:
    before = server.kept()
    headers = {"Upload_Length": "11", **BYTES}
    refused(sender.post(HELLO, Upload_Length="11"), 415, "type_unknown")
    refused(sender.post(HELLO, **headers, **checksum(WORLD)), 460, "checksum_differs")
    refused(sender.post(HELLO * 3, **headers), 413, "too_large")
    assert server.kept() == before


def test_the_expiry_is_told(sender: Sender) -> None:
    begun = sender.post(Upload_Length="11")
    address = str(begun.url.join(begun.headers["Location"]))
    for answer in (begun, sender.patch(address, 0, HELLO), sender.head(address)):
        text = answer.headers["Upload-Expires"]
        assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", text)
        assert (
            3500 < (parsedate_to_datetime(text) - parsedate_to_datetime(answer.headers["Date"])).total_seconds() < 3700
        )
    assert "Upload-Expires" not in sender.patch(address, 5, WORLD).headers


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_a_wrong_checksum_changes_nothing(server: UploadServer, sender: Sender, algorithm: str) -> None:
    address = sender.begin(11)
    sender.patch(address, 0, HELLO)
    header = checksum(b"wrong!", algorithm)["Upload-Checksum"]
    refused(sender.patch(address, 5, WORLD, Upload_Checksum=header), 460, "checksum_differs")
    assert sender.offset(address) == 5
    assert (server.folder / "uploads" / f"{address.rpartition('/')[2]}.bytes").read_bytes() == HELLO
    assert sender.patch_checked(address, 5, WORLD, algorithm).status_code == 204
    assert server.taken_bytes(address.rpartition("/")[2]) == HELLO + WORLD


@pytest.mark.parametrize("algorithm", ["crc32", "SHA1", "sha512", "nonsense"])
def test_an_unknown_algorithm_changes_nothing(sender: Sender, algorithm: str) -> None:
    address = sender.begin(5)
    refused(sender.patch(address, 0, HELLO, Upload_Checksum=f"{algorithm} YQ=="), 400, "checksum_refused")
    assert sender.offset(address) == 0


@pytest.mark.parametrize("header", ["sha1", "sha1 !", "sha1 YQ==", "", "sha1  YQ=="])
def test_a_checksum_that_is_none_changes_nothing(sender: Sender, header: str) -> None:
    address = sender.begin(5)
    refused(sender.patch(address, 0, HELLO, Upload_Checksum=header), 400, "checksum_refused")
    assert sender.offset(address) == 0


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_right_checksums_are_taken(server: UploadServer, sender: Sender, algorithm: str) -> None:
    address = sender.begin(11)
    assert sender.patch_checked(address, 0, HELLO, algorithm).headers["Upload-Offset"] == "5"
    assert sender.patch_checked(address, 5, WORLD, algorithm).headers["Upload-Offset"] == "11"
    assert server.taken_bytes(address.rpartition("/")[2]) == HELLO + WORLD


def test_options_tell_the_checksums(sender: Sender) -> None:
    names = sender.http.options(sender.url).headers["Tus-Checksum-Algorithm"].split(",")
    assert "sha1" in names
    assert all(re.fullmatch("[!-@[-~]+", name) for name in names)


def test_an_upload_can_be_terminated(server: UploadServer, sender: Sender) -> None:
    open_one, whole = sender.begin(5), sender.upload(HELLO)
    for address in (open_one, whole):
        assert sender.http.delete(address).status_code == 204
        assert sender.head(address).status_code == 404
        refused(sender.patch(address, 0, HELLO), 404, "upload_unknown")
        refused(sender.http.delete(address), 404, "upload_unknown")
        assert not [name for name in server.kept() if name.startswith(address.rpartition("/")[2])]


def test_parts_are_joined_in_order(server: UploadServer, sender: Sender) -> None:
    first = sender.upload(HELLO, Upload_Concat="partial")
    second = sender.upload(WORLD, Upload_Concat="partial")
    taken_before = len(server.taken())
    header = f"final;{httpx2.URL(second).path} {first} {second}"  # relative and absolute, one of them twice
    answer = sender.post(Upload_Concat=header)
    assert answer.status_code == 201
    final = str(answer.url.join(answer.headers["Location"]))
    head = sender.head(final).headers
    assert (head["Upload-Length"], head["Upload-Offset"], head["Upload-Concat"]) == ("17", "17", header)
    assert server.taken_bytes(final.rpartition("/")[2]) == WORLD + HELLO + WORLD
    assert len(server.taken()) == taken_before + 1  # the parts are no files


def test_a_repeated_joining_gives_the_same_upload(sender: Sender) -> None:
    header = f"final;{sender.upload(HELLO, Upload_Concat='partial')}"
    first, again = sender.post(Upload_Concat=header), sender.post(Upload_Concat=header)
    assert first.headers["Location"] == again.headers["Location"]
    refused(sender.post(Upload_Concat=header, Upload_Metadata=metadata(filename="b.csv")), 404, "upload_unknown")


def test_a_joining_that_is_not_what_the_sender_says_is_refused(sender: Sender) -> None:
    header = f"final;{sender.upload(HELLO, Upload_Concat='partial')}"
    wrong = metadata(sha256=hashlib.sha256(WORLD).hexdigest())
    refused(sender.post(Upload_Concat=header, Upload_Metadata=wrong), 422, "digest_differs")
    right = metadata(sha256=hashlib.sha256(HELLO).hexdigest())
    assert sender.post(Upload_Concat=header, Upload_Metadata=right).status_code == 201


def test_metadata_of_parts_is_not_the_final_ones(server: UploadServer, sender: Sender) -> None:
    part = sender.upload(HELLO, Upload_Concat="partial", Upload_Metadata=metadata(filename="part.csv"))
    final = sender.post(Upload_Concat=f"final;{part}", Upload_Metadata=metadata(filename="whole.csv"))
    upload_id = final.headers["Location"].rpartition("/")[2]
    assert [one["metadata"] for one in server.taken() if one["upload_id"] == upload_id] == [{"filename": "whole.csv"}]


def test_a_final_upload_takes_no_bytes(server: UploadServer, sender: Sender) -> None:
    final = sender.post(Upload_Concat=f"final;{sender.upload(HELLO, Upload_Concat='partial')}")
    address = str(final.url.join(final.headers["Location"]))
    for offset in (0, 5):
        refused(sender.patch(address, offset, b"X"), 403, "upload_is_final")
    assert server.taken_bytes(address.rpartition("/")[2]) == HELLO


def test_head_tells_of_a_part(sender: Sender) -> None:
    head = sender.head(sender.begin(5, Upload_Concat="partial")).headers
    assert (head["Upload-Offset"], head["Upload-Length"], head["Upload-Concat"]) == ("0", "5", "partial")


def test_only_complete_parts_of_the_same_owner_are_joined(server: UploadServer, sender: Sender) -> None:
    whole = sender.upload(HELLO, Upload_Concat="partial")
    unfinished = sender.begin(5, Upload_Concat="partial")
    no_part = sender.begin(5)
    with Sender(server.url, "somebody else") as other:
        refused(other.post(Upload_Concat=f"final;{whole}"), 404, "upload_unknown")
    refused(sender.post(Upload_Concat=f"final;{whole} {unfinished}"), 400, "part_refused")
    refused(sender.post(Upload_Concat=f"final;{no_part}"), 400, "part_refused")
    for header in ("final", "final;", "final;/files/../x", "whole", "partial;", f"final;{whole}?a=/b"):
        refused(sender.post(Upload_Concat=header), 400, "header_refused")
    refused(sender.post(Upload_Concat=f"final;{whole}", Upload_Length="5"), 400, "header_refused")


def repr_digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def test_the_whole_files_digest_may_come_with_the_last_chunk(server: UploadServer, sender: Sender) -> None:
    address = sender.begin(10)
    assert sender.patch(address, 0, b"hello").status_code == 204
    digest = f"sha-512=:AAAA:, {repr_digest(b'helloworld')}"
    assert sender.patch(address, 5, b"world", Repr_Digest=digest).status_code == 204
    taken = next(one for one in server.taken() if one["upload_id"] == address.rpartition("/")[2])
    assert taken["proven_by_sender"]


def test_another_digest_of_the_whole_file_refuses_it(server: UploadServer, sender: Sender) -> None:
    address = sender.begin(10)
    assert sender.patch(address, 0, b"hello", Repr_Digest=repr_digest(b"hello there")).status_code == 204
    answer = sender.patch(address, 5, b"world")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "digest_differs")
    assert sender.head(address).status_code == 410
    assert all(one["upload_id"] != address.rpartition("/")[2] for one in server.taken())
    assert f"{address.rpartition('/')[2]}.bytes" not in server.kept()


def test_a_digest_of_the_whole_file_is_told_once(sender: Sender) -> None:
    address = sender.begin(10)
    assert sender.patch(address, 0, b"hello", Repr_Digest=repr_digest(b"helloworld")).status_code == 204
    answer = sender.patch(address, 5, b"w", Repr_Digest=repr_digest(b"another"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "checksum_refused")
    assert sender.offset(address) == 5


@pytest.mark.parametrize("header", ["sha-256=", "sha-256=:AAAA:", "sha-256=:!:", "sha-256=AAAA", "sha-256"])
def test_a_digest_that_is_none_is_refused(sender: Sender, header: str) -> None:
    address = sender.begin(10)
    answer = sender.patch(address, 0, b"hello", Repr_Digest=header)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "checksum_refused")
    assert sender.offset(address) == 0
