"""For --check-config: loads the application as a worker would."""

from __future__ import annotations

import json
import sys

from .application_setup import prepare, set_up_gevent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main() -> int:
    """The arguments are what to boot, as JSON, and the program. 0 when the application loads; else its traceback, as
    that program shows it, and 1."""
    text, program = sys.argv[2:4]
    boot: dict[str, Any] = json.loads(text)
    if program == "gunicorn":
        from . import load_failure

        load_failure.tell_by(_print_as_gunicorn)
    prepare(boot)
    if boot["workerClass"] == "gevent" and not set_up_gevent(is_patched=True):
        return 1
    from . import loader

    code, _ = loader.load_or_report(boot)
    return 1 if code else 0


def _print_as_gunicorn(report: dict[str, Any]) -> None:
    print("\nError while loading the application:\n\n" + report["failure"]["message"], file=sys.stderr, flush=True)
