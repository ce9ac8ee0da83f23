import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = "from pipeline.cli.start import main; main()"


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log.csv"
    path.write_text("iteration,loss\n1,3\n2,2\n")
    return str(path)


def test_tools_start_without_the_film(tmp_path: Path, log: str) -> None:
    code = f"import sys, atexit; atexit.register(lambda: print('pipeline.build.stage_order' in sys.modules)); {PROGRAM}"
    out = str(tmp_path / "graph.png")
    done = subprocess.run([sys.executable, "-c", code, "graph", log, out], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("told", ["plain", "--json", "--debug"])
def test_wrong_input_is_told_without_a_traceback_unless_asked_for(tmp_path: Path, told: str) -> None:
    extra = [] if told == "plain" else [told]
    done = started("graph", str(tmp_path / "none.csv"), str(tmp_path / "graph.png"), *extra)
    assert ("Traceback" in done.stderr) == (told == "--debug")
    assert "no such file" in done.stderr + done.stdout
    assert done.returncode == (1 if told == "--debug" else 2)


def test_all_other_commands_go_to_the_film() -> None:
    done = started("--help")
    assert done.returncode == 0
    assert "prepare" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_conversion_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    out = tmp_path / "out" / "bytes"
    out.parent.mkdir()
    command = [sys.executable, "-c", PROGRAM, "from-text", "-", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while not list(out.parent.iterdir()) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(60) == code
    assert list(out.parent.iterdir()) == []


def test_the_commands_load_nothing_heavy_before_one_is_known() -> None:
    code = (
        "import sys, pipeline.cli.app; heavy = 'torch', 'numba', 'scipy', 'moviepy', 'PIL.Image', 'babel', 'jinja2';"
        "print([*filter(sys.modules.get, heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
