"""The commands that a hint names work for the way in which the program was installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.runtime.wording import installing
from pipeline.runtime.wording.installing import extra_command, install_command, reinstall_command

ROOT = Path(__file__).resolve().parents[3]


class Installed:
    """A program installed from somewhere."""

    requires = ["numpy>=2", 'sounddevice>=0.5; extra == "record"', "noto-cjk>=1 ; extra == 'cjk'"]  # noqa: RUF012

    def __init__(self, origin: dict[str, object] | None) -> None:
        self._origin = origin

    def read_text(self, _name: str) -> str | None:
        return None if self._origin is None else json.dumps(self._origin)


def test_from_source_extras_come_from_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    assert extra_command("record").endswith('pip install -e ".[record]"')
    monkeypatch.chdir(tmp_path)
    assert extra_command("record").endswith(f'pip install -e "{ROOT}[record]"')
    assert reinstall_command().endswith(f"pip install --force-reinstall -e {ROOT}")


@pytest.mark.parametrize(
    ("origin", "again"),
    [
        (None, '"numpy>=2"'),
        ({"url": "file:///home/me/build_video-1.whl", "archive_info": {}}, '"build-video @ file:///home/me/build_video-1.whl"'),
        ({"url": "https://example.org/b.git", "vcs_info": {"vcs": "git"}}, '"build-video @ git+https://example.org/b.git"'),
        ({"vcs_info": None}, '"numpy>=2"'),
    ],
)  # fmt: skip
def test_elsewhere_an_extra_is_the_packages_that_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: dict[str, object] | None, again: str
) -> None:
    monkeypatch.setattr(installing, "_CHECKOUT", tmp_path)
    monkeypatch.setattr(installing, "_distribution", lambda: Installed(origin))
    assert extra_command("record").endswith('pip install "sounddevice>=0.5"')
    assert extra_command("cjk").endswith('pip install "noto-cjk>=1"')
    assert reinstall_command().endswith(f"--force-reinstall {again}")
    assert "build-video[" not in extra_command("record")


def test_the_command_is_one_that_runs() -> None:
    command = install_command("--help")
    assert shutil.which(command.split()[0])
    ran = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert "install" in ran.stdout


def test_no_hint_names_a_registry_that_does_not_have_this_program() -> None:
    for path in (ROOT / "pipeline").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "build-video[" not in text, path
        assert "--force-reinstall build-video" not in text, path
