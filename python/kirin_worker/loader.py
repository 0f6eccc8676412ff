"""From `module:attribute` to the application."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any, Callable

# Exit codes of a worker that cannot start; Gunicorn's.
IMPORT_FAILED = 3
NO_APPLICATION = 4

#: What frameworks' guides call an application; offered when the attribute that was asked for is missing.
_USUAL_NAMES = ("application", "app", "wsgi", "wsgi_app", "api", "server", "create_app", "make_app")
_CO_VARARGS = 0x04
_CO_COROUTINE = 0x80


class AppImportError(Exception):
    """The module was imported, but holds no such application."""


class _Target:
    """A parsed specification: an attribute of a module, or a call of one with literal arguments."""

    def __init__(self, spec: str) -> None:
        self.module, colon, expression = spec.partition(":")
        self.module = self.module.strip()
        if not self.module:
            raise AppImportError(f"{spec!r} names no module: it should be like 'module:application'")
        self.expression = expression.strip() if colon else "application"
        self.args: list[object] = []
        self.kwargs: dict[str, object] = {}
        self.is_call = False
        self.path = self.expression.split(".")
        if not all(name.isidentifier() for name in self.path):
            self._parse_call(spec)

    def _parse_call(self, spec: str) -> None:
        import ast  # late: only factories need it

        try:
            call = ast.parse(self.expression, mode="eval").body
        except (SyntaxError, ValueError):
            call = None
        path = _attribute_path(call.func, ast) if isinstance(call, ast.Call) else None
        if path is None or not isinstance(call, ast.Call):
            raise AppImportError(
                f"Failed to parse {self.expression!r} (in {spec!r}) as an attribute name or function call."
                " It should be like 'application' or \"create_app('production')\"."
            )
        self.path = path
        self.is_call = True
        for keyword in call.keywords:
            if keyword.arg is None:
                raise AppImportError(_not_literal(self.expression, "**"))
            self.kwargs[keyword.arg] = _literal(keyword.value, self.expression, ast)
        self.args = [_literal(argument, self.expression, ast) for argument in call.args]


def load(spec: str) -> Callable[..., Any]:
    """Imports the application. Raises AppImportError, or whatever the application's own code raises."""
    target = _Target(spec)
    module = _import(target)
    found: Any = module
    for depth, name in enumerate(target.path):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise AppImportError(_missing(target, module, found, depth)) from None
    if target.is_call:
        found = _call_factory(found, target)
    _check_is_wsgi(found, target)
    application: Callable[..., Any] = found
    return application


def load_or_report(boot: Mapping[str, Any]) -> tuple[int, Callable[..., Any] | None]:
    """(0, application), or (exit code, None) after the reason was reported."""
    from . import load_failure
    from .tracebacks import format_error

    spec = boot["app"]
    try:
        return 0, _load_paste(boot) if boot.get("paste") is not None else load(spec)
    except AppImportError as error:
        load_failure.report(f"The application {spec!r} cannot be loaded: {error}", error)
        return NO_APPLICATION, None
    except SystemExit as error:
        message = f"The application {spec!r} called sys.exit() while it was loaded\n{format_error(error)}"
        load_failure.report(message, error)
    except BaseException as error:
        hint = getattr(error, "kirin_hint", None)
        message = f"The application {spec!r} cannot be imported\n{format_error(error)}"
        load_failure.report(message if hint is None else f"{message}\n{hint}", error)
    return IMPORT_FAILED, None


def _load_paste(boot: Mapping[str, Any]) -> Callable[..., Any]:
    from . import paste_app  # late: few have such a file

    return paste_app.load(boot["paste"])


# --- the module -------------------------------------------------------------------------------------------


def _import(target: _Target) -> ModuleType:
    name = target.module
    try:
        # Not importlib.import_module, which would have to be imported itself; both take names that are no identifiers.
        __import__(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name + ".").startswith(error.name + "."):
            from .tracebacks import application_frames

            if application_frames(error) is None:
                error.kirin_hint = _missing_module_hint(target)  # type: ignore[attr-defined]
        raise
    return sys.modules[name]


def _missing_module_hint(target: _Target) -> str:
    name = target.module
    if name.endswith(".py") or "/" in name:
        dotted = os.path.normpath(name[:-3] if name.endswith(".py") else name).replace("/", ".").lstrip(".")
        return f"Modules are named as in an import statement: did you mean '{dotted}:{target.expression}'?"
    return (
        f"There is no module {name!r} in {os.getcwd()} or in the rest of sys.path."
        " If it is in another folder, say so with --chdir FOLDER or --pythonpath FOLDER."
    )


# --- the attribute ----------------------------------------------------------------------------------------


def _missing(target: _Target, module: ModuleType, holder: object, depth: int) -> str:
    name = target.path[depth]
    holder_name = ".".join([target.module, *target.path[:depth]])
    message = f"Failed to find attribute {name!r} in {holder_name!r}"
    file = getattr(module, "__file__", None)
    if file:
        message += f" ({file})"
    candidates = _candidates(holder, name)
    if not candidates:
        return f"{message}."
    prefix = "".join(f"{part}." for part in target.path[:depth])
    rest = "".join(f".{part}" for part in target.path[depth + 1 :])
    offers = " or ".join(f"'{target.module}:{prefix}{candidate}{rest}'" for candidate in candidates)
    return f"{message}. Did you mean {offers}?"


def _candidates(holder: object, name: str) -> list[str]:
    import difflib

    public = {key: value for key, value in getattr(holder, "__dict__", {}).items() if key[:1] != "_"}
    callables = [key for key, value in public.items() if callable(value)]
    found = [key for key in _USUAL_NAMES if key in callables and not isinstance(public[key], type)]
    for key in difflib.get_close_matches(name, callables, n=2, cutoff=0.75):
        if key not in found:
            found.insert(0, key)
    return [f"{key}()" if _is_factory(public[key]) else key for key in found[:3]]


def _call_factory(factory: Any, target: _Target) -> object:
    called = f"{target.module}:{target.expression}"
    if not callable(factory):
        raise AppImportError(f"{called!r} is not a function: its type is {type(factory).__name__}.")
    try:
        application = factory(*target.args, **target.kwargs)
    except TypeError as error:
        from .tracebacks import application_frames

        if application_frames(error) is None:  # raised by the call itself
            raise AppImportError(f"{called!r} cannot be called so: {error}") from None
        raise
    if application is None:
        raise AppImportError(f"The factory {called!r} returned None: it should return the application.")
    return application


# --- what was found ---------------------------------------------------------------------------------------


def _check_is_wsgi(found: object, target: _Target) -> None:
    what = f"{target.module}:{target.expression}"
    if isinstance(found, type(sys)):
        raise AppImportError(
            f"{what!r} is a module, not an application. Name the application in it: '{found.__name__}:app', say."
        )
    if not callable(found):
        raise AppImportError(f"Application object must be callable: {what!r} is of type {type(found).__name__}.")
    if _is_coroutine_function(found) or _is_coroutine_function(getattr(type(found), "__call__", None)):  # noqa: B004
        raise AppImportError(f"{what!r} is an ASGI application. Kirin runs WSGI applications.")
    if _is_factory(found):
        raise AppImportError(
            f"{what!r} takes no arguments, so it is no application. If it makes one, call it: '{what}()'."
        )


def _is_factory(found: object) -> bool:
    """A function that cannot be called with (environ, start_response), but with nothing."""
    code = getattr(found, "__code__", None)
    if code is None or hasattr(found, "__wrapped__") or code.co_flags & _CO_VARARGS:
        return False
    defaults = getattr(found, "__defaults__", None) or ()
    return bool(code.co_argcount < 2 and code.co_argcount - len(defaults) <= 0)


def _is_coroutine_function(found: object) -> bool:
    code = getattr(found, "__code__", None)
    return code is not None and bool(code.co_flags & _CO_COROUTINE)


# --- the expression ---------------------------------------------------------------------------------------


def _attribute_path(node: ast.expr, ast_module: Any) -> list[str] | None:
    """`a.b.c` as its names, or None for any other expression."""
    names: list[str] = []
    while isinstance(node, ast_module.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast_module.Name):
        return None
    names.append(node.id)
    return names[::-1]


def _literal(node: ast.expr, expression: str, ast_module: Any) -> object:
    try:
        return ast_module.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise AppImportError(_not_literal(expression, ast_module.unparse(node))) from None


def _not_literal(expression: str, argument: str) -> str:
    return (
        f"Failed to parse arguments as literal values: {expression!r} has {argument!r}."
        " Only literals are allowed, such as 'text', 1, True, None or ['a', 'b']."
    )
