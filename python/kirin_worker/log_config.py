"""logconfig, logconfig_json and logconfig_dict: Python's logging, configured as Gunicorn does, with its loggers.

The relay does so for what the arbiter and the edge log, and each worker for its own lines and the application's
loggers.
"""

from __future__ import annotations

import json
import logging
import logging.config
import logging.handlers
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ERROR_FORMAT = "%(asctime)s [%(process)d] [%(levelname)s] %(message)s"
DATE_FORMAT = "[%Y-%m-%d %H:%M:%S %z]"


class Refused(Exception):
    """A configuration that cannot be had; says which, and why."""


def loggers() -> tuple[logging.Logger, logging.Logger]:
    """gunicorn.error and gunicorn.access, which hand nothing on unless they are configured to."""
    both = logging.getLogger("gunicorn.error"), logging.getLogger("gunicorn.access")
    for log in both:
        log.propagate = False
    return both


def apply(spec: dict[str, Any]) -> None:
    """`spec` is LogConfigSpec of src/protocol/supervision/relay.ts. Raises Refused."""
    kind, place = spec["kind"], spec.get("path", "logconfig_dict")
    # What the configuration names is the application's more often than not.
    argv = sys.argv
    try:
        if kind == "ini":
            _apply_ini(place)
        else:
            given = _dict_of(spec)
            if not isinstance(given, dict):
                raise Refused(f"{place} holds no dict")
            defaults = _defaults()
            merged = {**defaults, **given}
            # What the default of the root logger names must be there, too, when others are given.
            for part in ("handlers", "formatters"):
                merged[part] = {**defaults[part], **given.get(part, {})}
            logging.config.dictConfig(merged)
    except Refused:
        raise
    except Exception as error:
        cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
        raise Refused(f"{place}: {type(error).__name__}: {error}{cause}") from error
    finally:
        sys.argv = argv


def _apply_ini(path: str) -> None:
    if not os.path.exists(path):
        raise Refused(f"there is no file {path}")
    defaults = {**_defaults(), "__file__": path, "here": os.path.dirname(path)}
    logging.config.fileConfig(path, defaults=defaults, disable_existing_loggers=False)


def _dict_of(spec: dict[str, Any]) -> Any:
    if spec["kind"] == "dict":
        return spec["value"]
    if spec["kind"] == "json":
        if not os.path.exists(spec["path"]):
            raise Refused(f"there is no file {spec['path']}")
        with open(spec["path"], encoding="utf-8") as file:
            return json.load(file)
    from . import conf

    # It holds what JSON cannot: the file is run once more, where it is needed.
    folder = os.getcwd()
    os.chdir(spec["cwd"])
    sys.path.insert(0, spec["cwd"])
    sys.argv = list(spec["argv"])
    try:
        return conf.run_file(spec["location"])["logconfig_dict"]
    finally:
        os.chdir(folder)


def _defaults() -> dict[str, Any]:
    """What a configuration need not say, as Gunicorn has it: each key that it does say is in place of the whole."""
    generic = {"format": ERROR_FORMAT, "datefmt": DATE_FORMAT, "class": "logging.Formatter"}
    console = {"class": "logging.StreamHandler", "formatter": "generic"}

    def logger(name: str, handler: str) -> dict[str, Any]:
        return {"level": "INFO", "handlers": [handler], "propagate": True, "qualname": name}

    return {
        "version": 1,
        "disable_existing_loggers": False,
        "root": {"level": "INFO", "handlers": ["console"]},
        "loggers": {
            "gunicorn.error": logger("gunicorn.error", "error_console"),
            "gunicorn.access": logger("gunicorn.access", "console"),
        },
        "handlers": {
            "console": {**console, "stream": "ext://sys.stdout"},
            "error_console": {**console, "stream": "ext://sys.stderr"},
        },
        "formatters": {"generic": generic},
    }


def reopen_files() -> None:
    """After a rotation."""
    for name in [None, *logging.root.manager.loggerDict]:
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, logging.FileHandler):
                handler.acquire()
                try:
                    if handler.stream is not None:
                        handler.stream.close()
                        handler.stream = handler._open()
                except OSError as error:
                    logging.getLogger("gunicorn.error").error("Cannot reopen %s: %s", handler.baseFilename, error)
                finally:
                    handler.release()


def needs_atoms(log: logging.Logger) -> bool:
    """Whether somebody may look at more of a request than its line: a filter, or a class that is not logging's own."""
    current: logging.Logger | None = log
    while current is not None:
        if current.filters:
            return True
        for handler in current.handlers:
            known = type(handler).__module__.split(".")[0] in ("logging", "kirin_worker")
            if not known or handler.filters or type(handler.formatter) not in (logging.Formatter, type(None)):
                return True
        current = current.parent if current.propagate else None
    return False


class Atoms(dict):  # type: ignore[type-arg]
    """`record.args` of a request's record, as formatters of Gunicorn's users read it: what is not there is a dash."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(
            (name, value.replace('"', '\\"') if isinstance(value, str) else value) for name, value in values.items()
        )

    def __getitem__(self, name: str) -> Any:
        return super().get(name.lower() if name.startswith("{") else name, "-")


class RequestRecord(logging.LogRecord):
    """Its message is the edge's line, which is escaped; its arguments are the atoms."""

    line = ""

    def getMessage(self) -> str:
        return self.line
