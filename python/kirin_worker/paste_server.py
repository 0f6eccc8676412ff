"""Reads what a PasteDeploy file says about the server: `python paste_server.py JSON`.

The one argument is {file, globals}. One line of JSON on standard output is the report: PasteReport of
src/config/paste-settings.ts. Nothing of the file is run.
"""

from __future__ import annotations

import os
import sys

# This folder's modules must not be what is imported.
del sys.path[0]

import json  # noqa: E402
import re  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SERVER = "server:main"
#: How such a section says that it is for Gunicorn.
_USES = re.compile(r"egg:gunicorn(?:#main)?$")


def _read(file: str, variables: dict[str, str]) -> dict[str, Any]:
    try:
        from paste.deploy.loadwsgi import ConfigLoader  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return {"error": f"--paste needs PasteDeploy: {sys.executable} -m pip install PasteDeploy"}
    try:
        loader = ConfigLoader(file)
        loader.update_defaults(variables)
        parser = loader.parser
        settings: dict[str, str] = {}
        if parser.has_section(_SERVER):
            defaults = parser.defaults()
            settings = {name: parser.get(_SERVER, name) for name in parser.options(_SERVER) if name not in defaults}
        if not _USES.match(settings.pop("use", "").strip()):
            settings = {}
        return {"settings": settings, "hasLoggers": parser.has_section("loggers")}
    except Exception as error:
        return {"error": f"{os.path.basename(file)} cannot be read: {error}"}


def _main() -> None:
    request = json.loads(sys.argv[1])
    print(json.dumps(_read(request["file"], request["globals"])))


_main()
