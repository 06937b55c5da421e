"""Requests reach a real receiver as the standard variables say, and one that is away keeps nobody waiting."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from assay.worker.telemetry.otel.destination import Compression, Destination
from assay.worker.telemetry.otel.posting import OtlpPost
from tests.servers.tls_certificate import own_certificate
from tests.unit.worker.telemetry.otel.planned_receiver import Planned, PlannedReceiver

BODY = b"a request" * 20


def sent(to: Destination) -> bool:
    post = OtlpPost(to)
    try:
        return post.send(BODY)
    finally:
        post.close()


@pytest.mark.parametrize(
    ("compression", "unpacked"),
    [(Compression.NONE, bytes), (Compression.GZIP, gzip.decompress), (Compression.DEFLATE, zlib.decompress)],
)
def test_request_is_packed_as_asked(compression: Compression, unpacked: Callable[[bytes], bytes]) -> None:
    with PlannedReceiver() as receiver:
        assert sent(Destination(receiver.url, {"authorization": "Bearer k"}, compression=compression))
    (kept,) = receiver.kept
    assert (kept.path, unpacked(kept.body)) == ("/v1/logs", BODY)
    assert (kept.headers["content-type"], kept.headers["authorization"]) == ("application/x-protobuf", "Bearer k")
    named = None if compression is Compression.NONE else compression.value
    assert kept.headers.get("content-encoding") == named


@pytest.mark.parametrize("first", [Planned(503), Planned(429), Planned(0)], ids=["busy", "too many", "cut"])
def test_what_may_pass_is_sent_again(first: Planned) -> None:
    with PlannedReceiver(first, Planned(200)) as receiver:
        assert sent(Destination(receiver.url))
    assert [kept.body for kept in receiver.kept] == [BODY, BODY]


def test_refusal_is_not_sent_again_and_is_told_once_without_keys() -> None:
    with PlannedReceiver(Planned(400)) as receiver, capture_logs() as lines:
        post = OtlpPost(Destination(receiver.url.replace("//", "//user:secret@")))
        assert [post.send(BODY), post.send(BODY)] == [False, False]
        post.close()
    assert len(receiver.kept) == 2
    (line,) = lines
    assert (line["event"], line["why"]) == ("otel.results_not_taken", "HTTP 400")
    assert "secret" not in str(line)


def test_wait_beyond_the_time_out_is_not_waited() -> None:
    with PlannedReceiver(Planned(503, "60")) as receiver:
        assert not sent(Destination(receiver.url, timeout_s=30))
    assert len(receiver.kept) == 1


def test_end_of_the_process_ends_a_wait() -> None:
    with PlannedReceiver(Planned(503, "300")) as receiver:
        post = OtlpPost(Destination(receiver.url, timeout_s=600))
        thread = threading.Thread(target=post.send, args=(BODY,), daemon=True)
        thread.start()
        assert receiver.has_asked.wait(30)
        post.close()
        thread.join(60)
        assert not thread.is_alive()


def test_receiver_is_checked_by_the_certificate_that_is_named(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path)
    with PlannedReceiver(certificate=certificate) as receiver:
        assert not sent(Destination(receiver.url, timeout_s=0.5))
        assert sent(Destination(receiver.url, timeout_s=60, certificate=str(certificate)))
    assert [kept.body for kept in receiver.kept] == [BODY]
