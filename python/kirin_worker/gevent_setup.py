"""gevent, in the application's environment: whether it is there, and when it patches the standard library.

That is before the application or anything that it needs is imported: in the worker, or with --preload in the zygote.
What this package uses itself is native.py's by then.
"""

from __future__ import annotations

import re
import sys

#: Gunicorn's.
OLDEST = (24, 10, 1)


def problem() -> str | None:
    """Why the worker class gevent cannot be had, and what would help."""
    oldest = ".".join(str(part) for part in OLDEST)
    advice = f"install it with: {sys.executable} -m pip install 'gevent>={oldest}'"
    try:
        import gevent
    except ModuleNotFoundError as error:
        if error.name != "gevent":
            return f"The worker class gevent cannot be used: gevent cannot be imported: {error}"
        return f"The worker class gevent needs gevent, which {sys.executable} does not have; {advice}"
    except Exception as error:
        return f"The worker class gevent cannot be used: gevent cannot be imported: {error}"
    version = gevent.__version__
    if _numbers(version) < OLDEST:
        return f"The worker class gevent needs gevent {oldest} or newer, and {sys.executable} has {version}; {advice}"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def patch() -> None:
    from gevent import monkey

    monkey.patch_all()


def after_fork() -> None:
    """In a worker whose zygote has patched, and whose application may have used the hub while it was loaded."""
    import gevent

    gevent.reinit()
