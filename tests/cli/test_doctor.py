"""The doctor on machines on which something is really missing: libraries, fonts, encoders, packages, room."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.productions import ROOT


def shadowed(folder: Path, *modules: str) -> str:
    """Put modules that can't be imported before the real ones."""
    folder.mkdir(exist_ok=True)
    for name in modules:
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name='{name}')\n")
    return str(folder)


def start(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.path.append(sys.argv.pop(1)); from pipeline.cli.start import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="breaks the machine as it can be done on Linux")
def test_everything_that_is_missing_is_named_with_what_mends_it(tmp_path: Path) -> None:
    broken = shadowed(tmp_path / "broken", "imageio_ffmpeg", "fontpkg_inter", "torch")
    wanted = tmp_path / "broken" / "build_video-0.1.0.dist-info"
    wanted.mkdir()
    needs = "Requires-Dist: numpy>=99\nRequires-Dist: no-such-package>=1\nRequires-Dist: only-there>=1; extra == 'x'\n"
    (wanted / "METADATA").write_text(f"Metadata-Version: 2.1\nName: build-video\nVersion: 0.1.0\n{needs}")
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "libfribidi.so.0").touch()
    ran = start(
        *("doctor", "--json", "-o", "/proc/film"),
        cwd=tmp_path,
        PYTHONPATH=broken,
        LD_LIBRARY_PATH=str(tmp_path / "libraries"),
        BUILD_VIDEO_FFMPEG="",
    )
    assert ran.returncode == 1, ran.stderr
    found = {finding["name"]: finding for finding in json.loads(ran.stdout)}
    mends = {
        "packages": 'pip install "numpy>=99" "no-such-package>=1"',
        "ffmpeg": "pip install imageio-ffmpeg",
        "encoders": "pip install imageio-ffmpeg",
        "fonts": "pip install --force-reinstall fontpkg-inter",
        "disk": "another folder with -o",
        "gpu": "pip install --force-reinstall torch",
    }
    for name, mend in mends.items():
        assert found[name]["state"] == "missing", found[name]
        assert mend in found[name]["mend"], found[name]
        assert found[name]["found"], name
    assert "no-such-package absent" in found["packages"]["found"]
    assert "only-there" not in found["packages"]["found"]
    assert found["text shaper"]["state"] == "note"
    assert "libfribidi0" in found["text shaper"]["mend"]
    assert {found[name]["state"] for name in ("python", "memory", "cores")} <= {"ok", "note"}


def test_an_ffmpeg_without_encoders_is_told_in_text(tmp_path: Path) -> None:
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\necho ffmpeg version 0.5 of long ago\n")
    script.chmod(0o755)
    ran = start("doctor", cwd=tmp_path, BUILD_VIDEO_FFMPEG=str(script))
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("missing  encoders"))
    assert "no libx264, aac" in lines[at]
    assert (
        lines[at + 1].strip() == "-> Unset BUILD_VIDEO_FFMPEG, or name an ffmpeg that was built with libx264 and aac."
    )
    assert any(line.startswith("ok       ffmpeg") and "0.5" in line for line in lines)


@pytest.mark.parametrize("missing", ["typer", "pydantic"])
def test_the_doctor_works_where_the_command_line_can_not_be_loaded(tmp_path: Path, missing: str) -> None:
    broken = shadowed(tmp_path / "broken", missing, "torch")
    ran = start("doctor", "--json", cwd=tmp_path, PYTHONPATH=broken)
    assert ran.returncode == 1, ran.stderr
    names = [finding["name"] for finding in json.loads(ran.stdout)]
    assert names[:4] == ["python", "packages", "ffmpeg", "encoders"]
    other = start("prepare", cwd=tmp_path, PYTHONPATH=broken)
    assert other.returncode == 1
    assert other.stderr.startswith("build-video: A package that build-video needs can't be loaded")
    assert missing in other.stderr
    assert "build-video doctor" in other.stderr
    assert "Traceback" not in other.stderr


def test_a_tool_without_its_library_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("a,b\n1,2\n2,3\n")
    ran = start("graph", "log.csv", "out.png", cwd=tmp_path, PYTHONPATH=shadowed(tmp_path / "broken", "PIL"))
    assert ran.returncode == 1
    assert "can't be loaded" in ran.stderr
    assert "build-video doctor" in ran.stderr
