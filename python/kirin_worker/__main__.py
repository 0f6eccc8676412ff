"""Started by Kirin as `python …/python/kirin_worker`, or `… check JSON` for --check-config, or `… relay`."""

import os
import sys


def _import_own_package() -> None:
    """Makes `kirin_worker` importable for this process without leaving our folders where the application's imports
    would find them."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    sys.path.insert(0, os.path.dirname(here))
    try:
        import kirin_worker.zygote  # noqa: F401  (submodules are found by the package's own path from here on)
    finally:
        del sys.path[0]


_import_own_package()

if sys.argv[1:2] == ["relay"]:
    from kirin_worker.relay import main
elif sys.argv[1:2] == ["check"]:
    from kirin_worker.check import main
else:
    from kirin_worker.zygote import main

sys.exit(main())
