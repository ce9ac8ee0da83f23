"""Whatever size the environment claims for the terminal, what is said can be read."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WARN = (
    "from pipeline.cli.console import BarScreen\n"
    "from pipeline.runtime.progress.reporter import WorkStart\n"
    "with BarScreen() as screen:\n"
    "    screen.begin(WorkStart('render', 'segments', 10, 'frames')); screen.warn('a doubt'); screen.note('a fact')\n"
    "    screen.advance(5)\n"
)


def shown(program: str, **environment: str) -> str:
    """What a program writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    ran = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=theirs, stderr=theirs, env=os.environ | environment
    )
    os.close(theirs)
    said = b""
    try:
        while block := os.read(ours, 1 << 16):
            said += block
    except OSError:  # the other end was closed
        pass
    finally:
        os.close(ours)
    assert ran.wait(timeout=60) == 0
    return said.decode()


@pytest.mark.skipif(os.name == "nt", reason="terminals of this kind are Unix's")
@pytest.mark.parametrize(
    "size", [{"COLUMNS": "0"}, {"COLUMNS": "1"}, {"COLUMNS": "80", "LINES": "0"}, {"COLUMNS": "x"}]
)
def test_warnings_are_seen_at_any_claimed_size(size: dict[str, str]) -> None:
    said = shown(WARN, **size)
    assert "! a doubt" in said
    assert "a fact" in said
    assert "segments" in said


@pytest.mark.skipif(os.name == "nt", reason="terminals of this kind are Unix's")
def test_help_is_readable_where_no_width_is_claimed() -> None:
    program = "import sys; sys.argv = ['build-video', 'still', '--help']; from pipeline.cli.start import main; main()"
    assert "Write one frame of the film" in shown(program, COLUMNS="0")
