"""Finds and hides what is secret in URLs: user names, passwords, tokens, signatures.

A URL may be a chain of fsspec's, `zip://a.csv::https://host/x.zip`: each link is a URL.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_WEB: Final = frozenset({"http", "https"})
_LINKS: Final = re.compile(r"::(?=[A-Za-z][\w+.-]*(?:://|::|$))")
_USER: Final = re.compile(r"[^/@]*@|[^/:@]*:(?!\d+/).*@")  # a password may hold / and @
_PARAMETER: Final = re.compile(
    r"[?&;#](?:[\w.-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|signature|auth"
    r"|api[_-]?key|access[_-]?key)|sig|key)=([^&;#]+)",
    re.IGNORECASE,
)
_QUERY: Final = re.compile(r"\?[\w.-]+=.*$", re.DOTALL)
_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)


def find_secrets(url: str) -> list[str]:
    """What is secret in a URL: passwords, and the values of parameters named like secrets."""
    return [secret for link in _LINKS.split(url) for secret in _link_secrets(link)]


def has_written_secret(url: str) -> bool:
    """Whether a URL holds a secret itself, not as ${NAME}."""
    return any(not re.fullmatch(r"\$\{\w+\}", secret) for secret in find_secrets(url))


def redact_url(url: str) -> str:
    """The URL without user names, passwords and query strings, which may hold secrets.

    In the name of an object elsewhere than on a web server, `?` and `#` are letters like others.
    """
    return "::".join(map(_redact_link, _LINKS.split(url)))


def remove_passwords(url: str) -> str:
    """The URL without passwords and parameters named like secrets; whoever has the password from
    elsewhere can still connect by it. Unlike `redact_url` it keeps user names and other parameters.
    """
    scheme, mark, rest = url.partition("://")
    address, question, query = rest.partition("?")
    if user := _USER.match(address):
        name = user[0].removesuffix("@").partition(":")[0]
        address = f"{name}@{address[user.end() :]}"
    kept = "&".join(part for part in query.split("&") if not _PARAMETER.match(f"?{unquote(part)}"))
    return scheme + mark + address + (question + kept if kept else "")


def redact_text(text: str) -> str:
    """A message of another library, its URLs without what may be secret."""
    return _URL.sub(lambda match: redact_url(match[0]), text)


def _link_secrets(link: str) -> list[str]:
    scheme, mark, rest = link.partition("://")
    named = _PARAMETER.findall(link)
    user = _USER.match(re.split(r"\?", rest, maxsplit=1)[0]) if mark else None
    if user is None:
        return named
    _, colon, password = user[0].removesuffix("@").partition(":")
    if colon:
        return [*named, password]
    # On the web, a user without a password is a token.
    return [*named, user[0].removesuffix("@")] if scheme.lower() in _WEB else named


def _redact_link(link: str) -> str:
    scheme, mark, rest = link.partition("://")
    if not mark:
        return link
    if scheme.lower() in _WEB:
        before, question, after = rest.partition("?")
        user = _USER.match(before)
        rest = re.split(r"[?#]", (before[user.end() :] if user else before) + question + after)[0]
    else:
        user = _USER.match(rest)
        rest = _QUERY.sub("", rest[user.end() :] if user else rest)
    return f"{scheme}://{rest}"
