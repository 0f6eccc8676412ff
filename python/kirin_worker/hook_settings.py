"""`cfg`, as server hooks find it on server and worker: every setting under Gunicorn's name, with Gunicorn's type.

The values come from the arbiter (src/config/hook-settings.ts), which has resolved them; what a hook sets here is seen
by hooks alone.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_DEFAULT_PORT = 8000


class Setting:
    """One of `cfg.settings`."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def get(self) -> Any:
        return self.value

    def set(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<Setting {self.name} with value {self.value!r}>"


class Config:
    settings: dict[str, Setting]

    def __init__(self, values: dict[str, Any], hooks: dict[str, Callable[..., Any]]) -> None:
        everything = {**values, **hooks}
        object.__setattr__(self, "settings", {name: Setting(name, value) for name, value in everything.items()})
        object.__setattr__(self, "env_orig", dict(os.environ))

    def __getattr__(self, name: str) -> Any:
        if name == "settings" or name not in self.settings:
            raise AttributeError(f"No configuration setting for: {name}")
        return self.settings[name].value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.settings:
            raise AttributeError(f"Settings are changed by cfg.set({name!r}, …)")
        object.__setattr__(self, name, value)

    def set(self, name: str, value: Any) -> None:
        if name not in self.settings:
            raise AttributeError(f"No configuration setting for: {name}")
        self.settings[name].set(value)

    def __str__(self) -> str:
        width = max(map(len, self.settings))
        lines = []
        for name in sorted(self.settings):
            value = self.settings[name].value
            shown = f"<{getattr(value, '__qualname__', type(value).__name__)}()>" if callable(value) else value
            lines.append(f"{name:{width}} = {shown}")
        return "\n".join(lines)

    # --- what Gunicorn works out from settings ------------------------------------------------------------

    @property
    def address(self) -> list[Any]:
        return [_address(text) for text in self.settings["bind"].value]

    @property
    def uid(self) -> int:
        uid: int = self.settings["user"].value
        return uid

    @property
    def gid(self) -> int:
        gid: int = self.settings["group"].value
        return gid

    @property
    def proc_name(self) -> str:
        name: str = self.settings["proc_name"].value or self.settings["default_proc_name"].value
        return name

    @property
    def env(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.settings["raw_env"].value)

    @property
    def is_ssl(self) -> str | None:
        path: str | None = self.settings["certfile"].value or self.settings["keyfile"].value
        return path

    @property
    def worker_class_str(self) -> str:
        name: str = self.settings["worker_class"].value
        return "gthread" if name == "sync" and self.settings["threads"].value > 1 else name

    @property
    def worker_class(self) -> type:
        from .server_objects import Worker

        return Worker


def _address(text: str) -> Any:
    """As Gunicorn's cfg.address has it: (host, port), the path of a unix socket, or a descriptor."""
    if text.startswith("fd://"):
        return int(text[len("fd://") :])
    if text.startswith("unix:"):
        path = text[len("unix:") :]
        return path[2:] if path.startswith("//") else path
    rest = text[len("tcp://") :] if text.startswith("tcp://") else text
    host, colon, port = rest.rpartition(":")
    if not colon or "]" in port:
        host, port = rest, ""
    return (host.strip("[]").lower() or "0.0.0.0", int(port) if port else _DEFAULT_PORT)
