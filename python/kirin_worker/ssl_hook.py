"""Calls the ssl_context of a configuration file, and says what it wants in terms that any server can heed.

The hook gets contexts of Python's own and may do with them what it likes; the calls that a context cannot be asked
about afterwards are noted. conf.py loads this file where there is such a hook.
"""

from __future__ import annotations

import os
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

#: Calls that have no counterpart.
_LOST_CALLS = ("load_dh_params", "set_ecdh_curve", "load_default_certs", "set_default_verify_paths")
_VERSIONS = ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3")
_USUAL_TICKETS = 2
_ALPN_NAMES = {"h1": "http/1.1", "h2": "h2"}


class Config:
    """The settings as a hook sees them."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


class _Noted:
    """What was done to one context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        # Kept alive, so that its id stays its own.
        self.context = context
        self.chain: dict[str, str | None] | None = None
        self.authorities: list[dict[str, str]] = []
        self.ciphers: str | None = None
        self.protocols: list[str] | None = None
        self.lost: list[str] = []


def describe(hook: Callable[[Any, Callable[[], ssl.SSLContext]], Any], values: dict[str, Any]) -> dict[str, Any]:
    """`values`: the settings, those of TLS among them. Answers SslContextReport of src/config/ssl-context.ts."""
    usual = _versions(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    notes: dict[int, _Noted] = {}
    _note_calls(notes)
    context = hook(Config(values), lambda: _default_context(values))
    if not isinstance(context, ssl.SSLContext):
        what = type(context).__name__
        raise TypeError(f"ssl_context must return an ssl.SSLContext, such as its second argument makes, not {what}")
    noted = notes.get(id(context)) or _Noted(context)
    lost = [*noted.lost, *_lost_attributes(context)]
    if noted.chain is None:
        lost.append("the certificate of a context that was made before it was called")
    versions = _versions(context)
    return {
        "chain": noted.chain,
        "authorities": noted.authorities,
        "verifyMode": int(context.verify_mode),
        "checksRevocation": bool(context.verify_flags & (ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_CRL_CHECK_CHAIN)),
        "ciphers": noted.ciphers,
        # What the user's Python does by default is not what anybody has asked for.
        "versions": None if versions == usual else versions,
        "protocols": noted.protocols,
        "lost": lost,
    }


def _default_context(values: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=values.get("ca_certs"))
    context.load_cert_chain(values["certfile"], values.get("keyfile"))
    context.verify_mode = ssl.VerifyMode(values.get("cert_reqs") or 0)
    if values.get("ciphers"):
        context.set_ciphers(values["ciphers"])
    protocols = values.get("http_protocols") or []
    if isinstance(protocols, str):
        protocols = [word.strip().lower() for word in protocols.split(",")]
    if "h2" in protocols:
        context.set_alpn_protocols([_ALPN_NAMES[word] for word in protocols if word in _ALPN_NAMES])
    return context


def _note_calls(notes: dict[int, _Noted]) -> None:
    """From now on, of every context, however it is made."""
    of_context: Any = ssl.SSLContext
    load_cert_chain = of_context.load_cert_chain
    load_verify_locations = of_context.load_verify_locations
    set_ciphers = of_context.set_ciphers
    set_alpn_protocols = of_context.set_alpn_protocols

    def note(context: ssl.SSLContext) -> _Noted:
        return notes.setdefault(id(context), _Noted(context))

    def note_cert_chain(self: ssl.SSLContext, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        if callable(password):
            password = password()
        # Without one OpenSSL would ask at the terminal, at the start and at every reload.
        load_cert_chain(self, certfile, keyfile, _no_passphrase if password is None else password)
        note(self).chain = {
            "certfile": _absolute(certfile),
            "keyfile": None if keyfile is None else _absolute(keyfile),
            "password": _text(password),
        }

    def note_verify_locations(self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        load_verify_locations(self, cafile, capath, cadata)
        noted = note(self)
        if cafile is not None:
            noted.authorities.append({"file": _absolute(cafile)})
        if isinstance(cadata, str):
            noted.authorities.append({"pem": cadata})
        elif cadata is not None:
            noted.authorities.append({"pem": ssl.DER_cert_to_PEM_cert(bytes(cadata))})
        if capath is not None:
            noted.lost.append("load_verify_locations(capath=…)")

    def note_ciphers(self: ssl.SSLContext, ciphers: str) -> None:
        set_ciphers(self, ciphers)
        note(self).ciphers = ciphers

    def note_alpn_protocols(self: ssl.SSLContext, protocols: Any) -> None:
        protocols = list(protocols)
        set_alpn_protocols(self, protocols)
        note(self).protocols = protocols

    of_context.load_cert_chain = note_cert_chain
    of_context.load_verify_locations = note_verify_locations
    of_context.set_ciphers = note_ciphers
    of_context.set_alpn_protocols = note_alpn_protocols
    for name in _LOST_CALLS:
        if hasattr(of_context, name):
            setattr(of_context, name, _noting_only(name, getattr(of_context, name), note))


def _noting_only(name: str, call: Any, note: Callable[[ssl.SSLContext], _Noted]) -> Any:
    def noting(self: ssl.SSLContext, *args: Any, **named: Any) -> Any:
        note(self).lost.append(name)
        return call(self, *args, **named)

    return noting


def _no_passphrase() -> str:
    raise ValueError("the private key is encrypted: give its passphrase to load_cert_chain")


def _lost_attributes(context: ssl.SSLContext) -> list[str]:
    lost = []
    if getattr(context, "sni_callback", None) is not None:
        lost.append("sni_callback")
    if getattr(context, "keylog_filename", None) is not None:
        lost.append("keylog_filename")
    if getattr(context, "num_tickets", _USUAL_TICKETS) != _USUAL_TICKETS:
        lost.append("num_tickets")
    if context.options & ssl.OP_NO_TICKET:
        lost.append("OP_NO_TICKET")
    return lost


def _versions(context: ssl.SSLContext) -> dict[str, str]:
    """The lowest and the highest that it allows."""
    low, high = context.minimum_version, context.maximum_version
    allowed = [name for name in _VERSIONS if _is_allowed(context, name, low, high)]
    if not allowed:
        raise ValueError("the context of ssl_context allows no version of TLS")
    return {"minimum": allowed[0], "maximum": allowed[-1]}


def _is_allowed(context: ssl.SSLContext, name: str, low: ssl.TLSVersion, high: ssl.TLSVersion) -> bool:
    version = ssl.TLSVersion[name]
    if low != ssl.TLSVersion.MINIMUM_SUPPORTED and version < low:
        return False
    if high != ssl.TLSVersion.MAXIMUM_SUPPORTED and version > high:
        return False
    return not context.options & getattr(ssl, "OP_NO_" + name)


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))


def _text(password: Any) -> str | None:
    if password is None or isinstance(password, str):
        return password
    return bytes(password).decode("utf-8", "surrogateescape")
