"""Logging in. The log goes to a server that many people can read."""

import hashlib
import hmac
import logging
import os

log = logging.getLogger("login")


def digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def register(users: dict, name: str, password: str) -> None:
    salt = os.urandom(16)
    users[name] = (salt, digest(password, salt))
    log.info("registered %s", name)


def login(users: dict, form: dict) -> bool:
    """FORM has `name` and `password`, as the browser sent them."""
    name, password = form.get("name", ""), form.get("password", "")
    salt, want = users.get(name, (b"-" * 16, b""))
    ok = hmac.compare_digest(digest(password, salt), want)
    if not ok:
        log.warning("login failed: %r", form)
    return ok


def issue(name: str) -> str:
    """A new token; its fingerprint is logged so that it can be found again."""
    token = os.urandom(32).hex()
    log.info("token for %s: %s", name, hashlib.sha256(token.encode()).hexdigest()[:8])
    return token
