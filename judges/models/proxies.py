"""The proxy between us and an endpoint: its own, or the one that the environment names."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

from pydantic import SecretStr
from yarl import URL

from assay.judges.errors import ConfigurationError
from assay.judges.models.web_address import is_web_address


def proxy_of(url: URL, given: SecretStr) -> URL | None:
    """The proxy of an endpoint's own settings. None where they say that there is none.

    Raises:
        ConfigurationError: it is none of HTTP. Nothing of its login is in the message.
    """
    return _http_proxy(url, given.get_secret_value(), "its proxy setting", "write http://host:port")


def environment_proxy(url: URL) -> URL | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for a host, with its login.

    Raises:
        ConfigurationError: it is none of HTTP.
    """
    proxies = getproxies()
    given = proxies.get(url.scheme) or proxies.get("all")
    if not given or url.host is None or proxy_bypass(url.host):
        return None
    remedy = "set HTTPS_PROXY to an http:// proxy, or name the host in NO_PROXY"
    return _http_proxy(url, given, "the proxy of the environment", remedy)


def _http_proxy(url: URL, given: str, what: str, remedy: str) -> URL | None:
    if not given:
        return None
    scheme, separator, _ = given.partition("://")
    address = given if separator else f"http://{given}"
    if separator and scheme.lower() not in {"http", "https"} and scheme.isalnum():
        raise ConfigurationError(f"judge model: {url.host}: {what} is {scheme}://; {remedy}")
    # Checked before it is taken apart: with an `@` or `/` in its password, a part of that would be looked up as a host.
    if not is_web_address(address):
        raise ConfigurationError(
            f"judge model: {url.host}: {what} cannot be read; {remedy}, and a login in it percent-encoded"
        )
    return URL(address)
