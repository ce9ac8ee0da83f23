"""What is shipped works from elsewhere: the wheel, and a wheel made from the sdist."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def build_package(kind: str, source: Path, target: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(target), str(source)],
        check=True, capture_output=True,
    )  # fmt: skip
    (made,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def test_a_wheel_made_from_the_sdist_holds_the_very_same_files(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build_package("sdist", ROOT, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    contents = []
    for path in (wheel, build_package("wheel", source, tmp_path / "again")):
        with zipfile.ZipFile(path) as packed:
            contents.append(
                {entry.filename: entry.CRC for entry in packed.infolist() if "dist-info" not in entry.filename}
            )
    assert contents[0] == contents[1]
    assert "pipeline/_data/assets/demo/session-1.flac" in contents[0]


def run_installed(site: Path, cwd: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    program = (
        "import sys; sys.path = [sys.argv.pop(1)] + [p for p in sys.path if p not in ('', sys.argv[-1])];"
        "import pipeline; assert pipeline.__file__.startswith(sys.path[0]), pipeline.__file__;"
        "from pipeline.cli.start import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, str(site), *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=300,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(site), "HOME": str(cwd)},
    )  # fmt: skip


def test_an_installed_wheel_builds_the_demo_as_a_draft(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, capture_output=True)
    begun = run_installed(site, tmp_path, "init", "film", "--demo")
    assert begun.returncode == 0, begun.stderr
    production = tmp_path / "film" / "production.toml"
    text = production.read_text(encoding="utf-8")
    first, _, rest = text.partition("[[section]]")
    text = f"{first}[[section]]{rest.partition('[[section]]')[0]}"  # one section, or it takes minutes
    text = re.sub(r"iterations = \d+", "iterations = 8", text)
    text = re.sub(r"neurons = \d+", "neurons = 16", text)
    text = re.sub(r"candidates = \d+", "candidates = 1", text)
    short = "storyboard = { takes = 2, seconds = 2, card_seconds = 1, recording_seconds = 1 }"
    text = re.sub(r"storyboard = .*", short, text)
    small = "[video]\nwidth = 320\nheight = 180\ntitle_seconds = 1\ncredits_seconds = 1\ncomparison_seconds = 1\n"
    production.write_text(f"{text}\n{small}", encoding="utf-8")
    built = run_installed(site, tmp_path, "film", "--draft", "--jobs", "2")
    assert built.returncode == 0, built.stderr[-2000:]
    assert (tmp_path / "out" / "film" / "draft" / "film.mp4").stat().st_size > 10_000
