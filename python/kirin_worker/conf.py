"""Runs a configuration file, a Python program, as Gunicorn does, and reports its settings: `python conf.py JSON`.

The one argument is {location, cwd, known, hooks, tls, argv}: which file or module, where, the names of all settings,
the server hooks with what each is called with, what stronger sources say about TLS, and Kirin's own arguments, for
files that look at sys.argv. One line of JSON on descriptor 3 is the report: FileReport of src/config/file-settings.ts,
or {error} with a traceback, or {exit}. What the file prints is not in its way.

hooks.py runs the file by this module's functions, too, to keep the server hooks that it defines.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # This folder's modules must not be what the file imports.
    del sys.path[0]

import importlib
import importlib.machinery
import importlib.util
import json

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would take longer than all else
    from types import TracebackType
    from typing import Any

_REPORT_FD = 3
_MODULE_NAME = "__config__"
_LONGEST_TEXT = 200


def _main() -> None:
    # A process that the file starts must not hold the report open.
    os.set_inheritable(_REPORT_FD, False)
    request = json.loads(sys.argv[1])
    pid = os.getpid()
    sys.argv[:] = request["argv"]
    sys.path.insert(0, request["cwd"])
    environment, path = dict(os.environ), list(sys.path)
    try:
        variables = run_file(request["location"])
        report = _describe(variables, request)
        report["environment"] = _changes(environment, dict(os.environ))
        report["path"] = _added(path, sys.path)
        report["sslContext"] = _ssl_context(variables, request)
    except SystemExit as end:
        report = {"exit": end.code if isinstance(end.code, int) or end.code is None else str(end.code)}
    except BaseException as error:
        report = {"error": describe_failure(error)}
    # What the file has forked has nothing to say.
    if os.getpid() == pid:
        _send(report)
    # Threads and children that the file has started must not keep this process alive.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(0)


def run_file(location: str) -> dict[str, Any]:
    """Its variables, functions among them. `location` is a path, or python:MODULE."""
    if location.startswith("python:"):
        return vars(importlib.import_module(location[len("python:") :]))
    # A file's name need not end with .py.
    loader = importlib.machinery.SourceFileLoader(_MODULE_NAME, location)
    if location.endswith(".pyc"):
        loader = importlib.machinery.SourcelessFileLoader(_MODULE_NAME, location)  # type: ignore[assignment]
    spec = importlib.util.spec_from_file_location(_MODULE_NAME, location, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE_NAME] = module
    loader.exec_module(module)
    return vars(module)


def _describe(variables: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    known, hook_arguments = set(request["known"]), request["hooks"]
    settings: dict[str, Any] = {}
    hooks: list[str] = []
    wrong_hooks: list[dict[str, str]] = []
    others: list[dict[str, Any]] = []
    for name, value in variables.items():
        if name in known:
            settings[name] = _value(value)
            # In a logging configuration a tuple is something else than a list.
            if name == "logconfig_dict" and settings[name].get("value") != value:
                settings[name] = {"text": _short_repr(value), "object": {"type": type(value).__name__, "name": ""}}
        elif name in hook_arguments:
            if value is not None:
                hooks.append(name)
                complaint = _hook_complaint(value, hook_arguments[name])
                if complaint is not None:
                    wrong_hooks.append({"name": name, "text": _short_repr(value), "complaint": complaint})
        elif not (name.startswith("_") or isinstance(value, (type, type(sys)))):
            # What was imported from elsewhere is no misspelt hook.
            is_own = getattr(value, "__module__", None) in (None, variables.get("__name__"))
            if not callable(value) or is_own:
                others.append({"name": name, "isFunction": callable(value)})
    return {"settings": settings, "hooks": hooks, "wrongHooks": wrong_hooks, "others": others}


def _ssl_context(variables: dict[str, Any], request: dict[str, Any]) -> dict[str, Any] | None:
    hook = variables.get("ssl_context")
    values = {name: variables[name] for name in request["known"] if name in variables}
    values.update(request["tls"])
    if hook is None or not values.get("certfile"):
        return None
    # By its place: this folder is not on sys.path, and must not be.
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ssl_hook.py")
    spec = importlib.util.spec_from_file_location("kirin_ssl_hook", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Its files are relative to it, as those of the settings are.
    os.chdir(values.get("chdir") or request["cwd"])
    described: dict[str, Any] = module.describe(hook, values)
    return described


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    text = _short_repr(value)
    try:
        return {"text": text, "value": json.loads(json.dumps(value, allow_nan=False, default=_path_text))}
    except (TypeError, ValueError, RecursionError):
        return {"text": text, "object": {"type": type(value).__name__, "name": _dotted_name(value) or text}}


def _path_text(value: Any) -> Any:
    """Also of paths within lists and dicts."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError


def _short_repr(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:
        text = "<" + type(value).__name__ + ">"
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _dotted_name(value: Any) -> str | None:
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return module + "." + name if isinstance(module, str) and isinstance(name, str) else None


def _hook_complaint(value: Any, arguments: list[str]) -> str | None:
    """Gunicorn's check: a function, or the dotted name of one, that takes as many arguments as the hook is called with.
    Those behind a `?` may be missing."""
    try:
        function = hook_function(value)
    except Exception as error:
        return f"cannot be imported: {error}"
    if not callable(function):
        return "is no function"
    count = arity(function)
    least = sum(not name.startswith("?") for name in arguments)
    if count is None or least <= count <= len(arguments):
        return None
    called = ", ".join(name.lstrip("?") for name in arguments)
    return f"takes {count} argument{'' if count == 1 else 's'}, and is called with ({called})"


def hook_function(value: Any) -> Any:
    """The function, also where the file only gives its dotted name."""
    if not isinstance(value, str):
        return value
    module, dot, name = value.rpartition(".")
    if not dot:
        raise ImportError(f"{value!r} is no dotted name such as 'package.module.function'")
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError:
        raise ImportError(f"{module} has no {name!r}") from None


def arity(function: Any) -> int | None:
    """How many arguments can be given by position, *args not counted; None where nobody knows (some functions in C)."""
    import inspect  # late: most files define no hooks

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)


def _changes(before: dict[str, str], after: dict[str, str]) -> dict[str, str | None]:
    changes: dict[str, str | None] = {name: None for name in before if name not in after}
    changes.update({name: value for name, value in after.items() if before.get(name) != value})
    return changes


def _added(before: list[str], after: list[str]) -> dict[str, list[str]]:
    """Before the first entry that was there, and after it: what is appended must not come before what is installed."""
    known = [index for index, entry in enumerate(after) if entry in before]
    first = known[0] if known else 0
    added = [(index, os.path.abspath(entry)) for index, entry in enumerate(after) if entry not in before]
    return {
        "front": [entry for index, entry in added if index < first],
        "back": [entry for index, entry in added if index >= first],
    }


def describe_failure(error: BaseException) -> str:
    """From the file on: how it came to be run is of no interest."""
    import traceback  # late: most files do not fail

    frames: TracebackType | None = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def _is_ours(filename: str) -> bool:
    if os.path.dirname(filename) == os.path.dirname(__file__) or filename.startswith("<frozen importlib"):
        return True
    return os.sep + "importlib" + os.sep in filename


def _send(report: dict[str, Any]) -> None:
    data = json.dumps(report).encode() + b"\n"
    while data:
        data = data[os.write(_REPORT_FD, data) :]


if __name__ == "__main__":
    _main()
