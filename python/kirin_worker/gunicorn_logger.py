"""`logging.getLogger("gunicorn.error")`, which applications and server hooks take for the server's log: its level, its
handlers (Flask applications give them to their own logger), or to write to.

It is set up when somebody imports logging, which the server itself does not.
"""

from __future__ import annotations

import sys

from . import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_NAME = "gunicorn.error"
#: Gunicorn's, for those who take it from the handler.
_FORMAT = "%(asctime)s [%(process)d] [%(levelname)s] %(message)s"
_DATE_FORMAT = "[%Y-%m-%d %H:%M:%S %z]"


def install(level: str) -> None:
    """`level` is a name, such as info."""
    if "logging" in sys.modules:
        _set_up(sys.modules["logging"], level)
    else:
        sys.meta_path.insert(0, _Finder(level))


class _Finder:
    """Waits for the import of logging, and is gone then."""

    def __init__(self, level: str) -> None:
        self._level = level

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._level)  # type: ignore[assignment]
        return spec


class _Loader:
    def __init__(self, loader: Any, level: str) -> None:
        self._loader = loader
        self._level = level

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _set_up(module, self._level)


def _set_up(logging: Any, level: str) -> None:
    class Handler(logging.Handler):  # type: ignore[misc]
        def emit(self, record: Any) -> None:
            try:
                if log.current().is_configured:  # this logger was left out of the logging configuration
                    log.current().write(self.format(record) + "\n")
                    return
                if "metric" in record.__dict__:
                    log.current().metric(record.__dict__)
                    if not record.msg:
                        return
                if self.formatter is not formatter:  # somebody has given it another
                    log.current().write(self.format(record) + "\n")
                    return
                message = record.getMessage()
                if record.exc_info:
                    message += "\n" + formatter.formatException(record.exc_info)
                if record.stack_info:
                    message += "\n" + record.stack_info
                log.current().record(record.levelno, message)
            except Exception:
                self.handleError(record)

    formatter = logging.Formatter(_FORMAT, _DATE_FORMAT)
    handler = Handler()
    handler.setFormatter(formatter)
    logger = logging.getLogger(_NAME)
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False
