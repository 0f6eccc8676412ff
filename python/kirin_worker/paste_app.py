"""--paste: from a PasteDeploy file to the application."""

from __future__ import annotations

import os
import sys

from .loader import AppImportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


def load(paste: dict[str, Any]) -> Callable[..., Any]:
    """`paste` is that of BootSpec in src/protocol/supervision/zygote.ts. Raises AppImportError, or whatever the
    application's own code raises."""
    try:
        from paste.deploy import loadapp  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise AppImportError(f"--paste needs PasteDeploy: {sys.executable} -m pip install PasteDeploy") from None
    file = paste["file"]
    section = "" if paste["app"] is None else "#" + paste["app"]
    application = loadapp(f"config:{file}{section}", relative_to=os.getcwd(), global_conf=dict(paste["globals"]))
    if not callable(application):
        raise AppImportError(f"Application object must be callable: it is of type {type(application).__name__}.")
    result: Callable[..., Any] = application
    return result
