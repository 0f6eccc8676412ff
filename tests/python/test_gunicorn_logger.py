"""The logger that applications take for Gunicorn's. Each test has a process of its own, since it is one for all."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PYTHON = Path(__file__).parent.parent.parent / "python"


def run(tmp_path: Path, code: str, level: str = "info", before: str = "") -> str:
    """What the code leaves in the error log, without times and process ids."""
    path = tmp_path / "error.log"
    boot = {"errorLog": str(path), "logLevel": level, "colour": False, "captureOutput": False, "relay": None}
    text = (
        f"import sys\nsys.path.insert(0, {str(PYTHON)!r})\n{before}\nfrom kirin_worker import gunicorn_logger, log\n"
        f"log.setup({boot!r})\ngunicorn_logger.install({level!r})\n{code}"
    )
    subprocess.run([sys.executable, "-c", text], check=True, timeout=30)
    return re.sub(r"(?m)^\[[^]]*] \[\d+] ", "", path.read_text())


def test_it_writes_to_the_error_log_in_its_format_from_its_level_on(tmp_path: Path) -> None:
    code = """
import logging
logger = logging.getLogger("gunicorn.error")
assert logger.level == logging.INFO and len(logger.handlers) == 1
logger.debug("not at this level")
logger.info("%s of %d", "one", 2)
logger.log(45, "between")
try: 1 / 0
except ZeroDivisionError: logger.exception("failed")
"""
    lines = run(tmp_path, code).splitlines()
    assert lines[:3] == ["[INFO] one of 2", "[ERROR] between", "[ERROR] failed"]
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_an_application_may_take_its_handlers_and_its_level(tmp_path: Path) -> None:
    code = """
import logging
theirs, ours = logging.getLogger("gunicorn.error"), logging.getLogger("shop")
ours.handlers = theirs.handlers
ours.setLevel(theirs.level)
ours.debug("from the shop")
"""
    assert run(tmp_path, code, level="debug") == "[DEBUG] from the shop\n"


def test_an_application_may_lower_its_level_or_give_it_another_form(tmp_path: Path) -> None:
    code = """
import logging
logger = logging.getLogger("gunicorn.error")
logger.setLevel("DEBUG")
logger.debug("lowered")
logger.handlers[0].setFormatter(logging.Formatter("{levelname}: {message}", style="{"))
logger.info("formed")
"""
    assert run(tmp_path, code) == "[DEBUG] lowered\nINFO: formed\n"


def test_it_is_there_also_where_logging_was_imported_before(tmp_path: Path) -> None:
    code = "logging.getLogger('gunicorn.error').warning('here')"
    assert run(tmp_path, code, before="import logging") == "[WARNING] here\n"


def test_nobody_imports_logging_for_it_and_the_module_is_what_it_was(tmp_path: Path) -> None:
    code = """
assert "logging" not in sys.modules
before = len(sys.meta_path)
import logging.handlers
assert len(sys.meta_path) == before - 1
assert type(logging.__loader__).__name__ == type(logging.__spec__.loader).__name__ == "SourceFileLoader"
"""
    assert run(tmp_path, code) == ""
