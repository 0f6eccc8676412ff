"""What comes before the application is loaded, in whichever process that is."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def prepare(boot: dict[str, Any]) -> None:
    """Where the application runs, and what it can import: as Gunicorn has it, --pythonpath, then its own folder."""
    os.chdir(boot["chdir"])
    for folder in (boot["chdir"], *boot["pythonPath"]):
        absolute = os.path.abspath(folder)
        if absolute not in sys.path:
            sys.path.insert(0, absolute)
    sys.path.extend(folder for folder in boot["pythonPathEnd"] if folder not in sys.path)


def set_up_gevent(*, is_patched: bool) -> bool:
    """Whether gevent is there. It is imported, so that workers need not; and patches, where the application is loaded
    in this process."""
    from . import gevent_setup
    from .log import current

    problem = gevent_setup.problem()
    if problem is not None:
        current().error(problem)
        return False
    if is_patched:
        gevent_setup.patch()
    from . import greenlet_crew  # noqa: F401

    return True
