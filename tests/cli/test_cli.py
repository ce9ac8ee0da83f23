"""The command line: what it says when the input is wrong, and that it never shows a traceback."""

import json
from pathlib import Path

import pytest

from pipeline.build.stage_order import STAGES
from pipeline.cli.entrance import TOOLS
from tests.end_to_end.productions import Said, build_video, make_tiny, say_here

SECTION = 'title = "x"\n[[section]]\ntitle = "First"\nrecordings = ["voice.wav"]\n'


def typed(*arguments: str, cwd: Path) -> Said:
    return say_here(*arguments, cwd=cwd, check=False)


def refused(ran: Said, *words: str) -> None:
    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stderr.startswith("build-video: ")
    for word in words:
        assert word in ran.stderr


def test_an_unknown_command_names_the_known_ones(tmp_path: Path) -> None:
    refused(typed("bild", cwd=tmp_path), "'bild'", "prepare", "status")


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    refused(typed("prepare", "--colour", cwd=tmp_path), "--colour")


def test_a_missing_production_file_is_named(tmp_path: Path) -> None:
    refused(typed("nothing.toml", cwd=tmp_path), "nothing.toml", "build-video init")


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "production.toml").write_text(SECTION)
    refused(typed(cwd=tmp_path), "voice.wav")
    refused(typed("status", cwd=tmp_path), "voice.wav")


def test_a_text_file_named_wav_is_refused(tmp_path: Path) -> None:
    (tmp_path / "production.toml").write_text(SECTION)
    (tmp_path / "voice.wav").write_text("this is no sound\n" * 100)
    refused(typed("prepare", cwd=tmp_path), "voice.wav")
    assert not list((tmp_path / "out").rglob("manifest.json"))


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "production.toml").write_text(SECTION)
    (tmp_path / "film").write_text("mine")
    refused(typed("prepare", "-o", "film", cwd=tmp_path), "film")
    assert (tmp_path / "film").read_text() == "mine"


def test_errors_are_json_where_json_was_asked_for(tmp_path: Path) -> None:
    ran = typed("nothing.toml", "--json", cwd=tmp_path)
    assert ran.returncode == 2
    event = json.loads(ran.stdout)
    assert event["event"] == "error"
    assert event["exit_code"] == 2
    assert "nothing.toml" in event["where"]


def test_init_makes_a_folder_that_can_be_read_and_never_overwrites(tmp_path: Path) -> None:
    ran = typed("init", "my film", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "my film" / "recordings").is_dir()
    refused(typed("my film", cwd=tmp_path), "recordings", "build-video record")
    refused(typed("init", "my film", cwd=tmp_path), "already")


def test_the_schema_is_json_and_knows_the_sections(tmp_path: Path) -> None:
    schema = json.loads(typed("schema", cwd=tmp_path).stdout)
    assert "section" in schema["properties"]


def test_the_doctor_finds_this_machine_well(tmp_path: Path) -> None:
    findings = json.loads(typed("doctor", "--json", cwd=tmp_path).stdout)
    states = {finding["name"]: finding["state"] for finding in findings}
    assert states["ffmpeg"] == states["encoders"] == states["fonts"] == "ok", findings


@pytest.mark.parametrize("broken", ["/nonexistent/ffmpeg", "/etc/passwd"])
def test_the_doctor_tells_of_a_broken_ffmpeg(tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILD_VIDEO_FFMPEG", broken)
    ran = typed("doctor", "--json", cwd=tmp_path)
    assert ran.returncode == 1
    found = {finding["name"]: finding for finding in json.loads(ran.stdout)}
    assert found["ffmpeg"]["state"] == "missing"
    assert "BUILD_VIDEO_FFMPEG" in found["ffmpeg"]["mend"] + found["ffmpeg"]["found"]


def test_checking_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"no film")
    refused(typed("check", "film.mp4", cwd=tmp_path), "timeline")


def test_missing_footage_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    production = make_tiny(tmp_path)
    with production.open("a", encoding="utf-8") as file:
        file.write('[[insert]]\nfile = "intro.mp4"\nafter = "title"\n')
    refused(typed("tiny.toml", cwd=tmp_path), "intro.mp4")
    assert not (tmp_path / "out" / "tiny" / "work" / "train").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [("build-video sta", ["status"]), ("build-video gr", ["graph"]), ("build-video status --al", ["--allow-outside"])],
)
def test_the_shell_completes_commands_and_options(
    words: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_BUILD_VIDEO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    assert build_video(cwd=tmp_path).stdout.split() == expected


def test_the_help_names_every_command_and_every_tool(tmp_path: Path) -> None:
    shown = typed("--help", cwd=tmp_path).stdout
    for command in (*STAGES, "build", "status", "still", "init", "takes", "export", "schema", *TOOLS):
        assert f" {command} " in shown


def test_the_schema_can_be_read_as_text(tmp_path: Path) -> None:
    shown = typed("schema", "--text", cwd=tmp_path).stdout
    assert "training.minutes" in shown
    assert "LUFS" in shown
    assert json.loads(typed("schema", cwd=tmp_path).stdout)["properties"]["title"]
