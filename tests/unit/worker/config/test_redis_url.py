"""The broker's address in the forms that redis-py and Celery take."""

from __future__ import annotations

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.redis_url import celery_url, required_redis_url, without_login
from assay.worker.config.settings import Settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h:6379/2", "redis://h:6379/2"),
        ("rediss://u:p@h/0?ssl_cert_reqs=required", "rediss://u:p@h/0?ssl_cert_reqs=required"),
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0"),
        ("unix://:pw@/run/v.sock?db=3", "redis+socket://:pw@/run/v.sock?virtual_host=3"),
    ],
)
def test_celery_url_differs_for_unix_sockets_alone(url: str, expected: str) -> None:
    assert celery_url(url) == expected


def test_worker_without_an_address_says_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match=r"ASSAY_REDIS_URL: not set; .*assay up"):
        required_redis_url(Settings())


def test_shown_address_holds_no_password() -> None:
    assert without_login("rediss://user:s3cret@h:6379/0?password=s3cret") == "rediss://h:6379/0"
