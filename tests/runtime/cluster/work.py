"""What pieces of tests do, in a module that processes load quickly."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

from pipeline.errors import RecordingError, TrainingError, WorkerError
from pipeline.runtime.relay import Word
from pipeline.runtime.workers import send_to_parent
from pipeline.store.files import disk_errors


def double(value: int) -> int:
    for number in range(3):
        send_to_parent((value, number))
    return 2 * value


def refuse(value: int) -> int:
    raise RecordingError("It is silent.", where=f"take {value}", expected="sound", hint="Record again.")


def refuse_there(path: Path) -> None:
    raise TrainingError("It diverged.", where=f"{path}, iteration 7")


def die_at_first(folder: Path) -> str:
    """Leave a note and die; where there is a note, go on from it."""
    note = folder / "saved"
    if note.exists():
        return note.read_text()
    note.write_text("saved before the death")
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def die(_item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def linger(folder: Path) -> int:
    """Write down who works, and work until told to end."""
    (folder / f"by-{os.getpid()}").write_text("")
    limit = time.monotonic() + 40
    while not (folder / "end").exists() and time.monotonic() < limit:
        time.sleep(0.02)
    return os.getpid()


def say_gpus_together(item: tuple[Path, int]) -> str:
    """The GPUs that this process sees, once so many others do the same beside it."""
    folder, count = item
    seen = os.environ["CUDA_VISIBLE_DEVICES"]
    (folder / f"by-{os.getpid()}").write_text(seen)
    limit = time.monotonic() + 60
    while len([*folder.glob("by-*")]) < count and time.monotonic() < limit:
        time.sleep(0.02)
    return seen


def linger_and_say(folder: Path) -> int:
    (folder / f"by-{os.getpid()}").write_text("")
    send_to_parent("begun")
    return linger(folder)


def wait_in_turn(folder: Path) -> str:
    """Save and wait; end at once where something was saved before."""
    state = folder / "state"
    if state.exists():
        return state.read_text()
    state.write_text(f"saved by {os.getpid()}")
    time.sleep(60)
    return "nobody came"


def go_on(folder: Path) -> str:
    """Save and die; at the second time end, in a folder with what is left alone."""
    state, log = folder / "state", folder / "inner" / "log.csv"
    if state.exists():
        seen = f"{state.read_text()} {log.read_text()}"
        state.unlink()
        (folder / "record").write_text("whole")
        return seen
    log.parent.mkdir()
    log.write_text("1\n")
    state.write_text("saved")
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def fill(folder: Path) -> None:
    (folder / "large").write_bytes(bytes(8 << 20))


def take_much_memory(_item: int) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
    return len(bytearray(1 << 32))


def take_all_memory(_item: int) -> int:
    held = [b"x" * (1 << 24) for _ in range(128)]
    return sum(map(len, held))


def read(path: Path) -> int:
    return len(path.read_bytes())


def copy_there(item: tuple[Path, Path, str]) -> str:
    """Publish what a file holds as a store does, and say where it lay."""
    source, root, key = item
    folder = root / "cards" / key
    folder.mkdir(parents=True)
    (folder / "copy.txt").write_bytes(source.read_bytes())
    (folder / "manifest.json").write_text("{}")
    return str(source)


def stand_still_once(item: tuple[Path, bool]) -> str:
    """Save and say that one is at it, without getting anywhere; at the second time end with what was saved."""
    folder, is_slow = item
    state = folder / "state"
    if state.exists():
        return state.read_text()
    if not is_slow:
        return "at once"
    (folder / f"slow-{os.getpid()}").write_text("")
    state.write_text("saved by the first")
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        send_to_parent("still at it")
        time.sleep(0.1)
    return "nobody came"


def say_when(_item: int) -> None:
    """Speak as a machine does whose monotonic clock counts from another moment."""
    send_to_parent(Word(0, "advance", done=0.5, at_s=time.monotonic() + 1e6))
    send_to_parent(Word(0, "note", "noted"))


def fill_well(folder: Path) -> None:
    """As a stage does, whose errors name its folder."""
    with disk_errors(folder):
        fill(folder)


def lack_and_linger(folder: Path) -> str:
    """Have too little memory at first, stand still the second time, and be done the third time."""
    turn = len([*folder.glob("turn-*")])
    (folder / f"turn-{turn}").write_text("")
    if turn == 0:
        raise MemoryError
    if turn == 1:
        linger(folder)
    return f"turn {turn}"


def die_and_linger(folder: Path) -> int:
    """Die at first; at the second time say again and again that one is there, until told to end."""
    if not (folder / "died").exists():
        (folder / "died").write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / f"by-{os.getpid()}").write_text("")
    limit = time.monotonic() + 40
    while not (folder / "end").exists() and time.monotonic() < limit:
        send_to_parent("still there")
        time.sleep(0.05)
    return os.getpid()


def lose_a_process_at_first(folder: Path) -> str:
    """As where one of the processes of a training died that the piece itself had started."""
    if (folder / "lost").exists():
        return "whole"
    (folder / "lost").write_text("")
    raise WorkerError("One of the processes that train a network together died.")


def linger_where_told(item: tuple[Path, bool]) -> int:
    """Work until told to end, or be done at once."""
    folder, is_slow = item
    return linger(folder) if is_slow else 0
