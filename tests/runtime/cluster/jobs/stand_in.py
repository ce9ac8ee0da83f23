"""Programs in Slurm's place that start the very scripts as processes of this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dask
import pytest

from pipeline.runtime.cluster.jobs import batch
from tests.runtime.cluster.elsewhere import ROOT

_PROGRAMS = {
    "sbatch": """#!/bin/sh
[ -e {0}/full ] && echo "sbatch: error: too many jobs ($(cat {0}/full))" >&2 && exit 1
number=0
while ! mkdir {0}/numbers/$number 2> /dev/null; do number=$((number + 1)); done
if [ -e {0}/busy ] && [ $number -ge {1} ]; then
    echo "$number|PENDING|$(cat {0}/busy)" > {0}/waiting/$number
else
    log=$(sed -n 's/^#SBATCH -e //p' $1 | sed "s/%J/$number/")
    cp $1 {0}/script-$number
    setsid sh {0}/script-$number > {0}/job.log 2> ${{log:-{0}/job.log}} &
    echo $! > {0}/running/$number
fi
echo Submitted batch job $number
""",
    "squeue": """#!/bin/sh
cat {0}/waiting/* 2> /dev/null
for file in {0}/running/*; do
    state=$(sed 's/.*) \\(.\\).*/\\1/' /proc/$(cat $file)/stat 2> /dev/null)
    case "$state" in ""|Z|X) ;; *) echo "${{file##*/}}|RUNNING|None" ;; esac
done
""",
    "scancel": """#!/bin/sh
rm -f {0}/waiting/$1
kill -KILL -- -$(cat {0}/running/$1)
""",
}


@dataclass(frozen=True)
class Slurm:
    """A batch system that takes jobs until it is `full`, and begins them unless it is `busy`.

    Parameters
    ----------
    folder
        A file `full` there says how full it is, a file `busy` why jobs wait.
    settings
        Of the command line.
    """

    folder: Path
    settings: Path

    def has(self, **values: object) -> None:
        """Change settings that are a number or a text."""
        lines = [f"{name} = {value!r}\n" for name, value in values.items()]
        self.settings.write_text("".join(lines) + self.settings.read_text())

    def say(self, state: str, words: str) -> None:
        """Be `full` or `busy`, in these words."""
        (self.folder / state).write_text(words)

    def cancel_waiting(self) -> None:
        """Cancel all jobs that wait, as somebody might."""
        for path in (self.folder / "waiting").iterdir():
            path.unlink()

    def end_jobs(self) -> None:
        """End all that run, as at their walltime."""
        for path in (self.folder / "running").iterdir():
            with suppress(ProcessLookupError):
                os.killpg(int(path.read_text()), signal.SIGKILL)


@contextmanager
def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, places: int = 0) -> Iterator[Slurm]:
    """Put programs in Slurm's place; all jobs are ended afterwards.

    Parameters
    ----------
    places
        So many jobs begin also while it is `busy`.
    """
    for name in ("numbers", "waiting", "running", "bin"):
        (folder / name).mkdir()
    for name, text in _PROGRAMS.items():
        (folder / "bin" / name).write_text(text.format(folder, places))
        (folder / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(batch, "_LOOK_EVERY_S", 0.2)
    settings = folder / "cluster.toml"
    settings.write_text('kind = "slurm"\ncores = 1\nmemory = "1GB"\nscheduler_options = { host = "127.0.0.1" }\n')
    own = Slurm(folder, settings)
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "0.1s"}):
        try:
            yield own
        finally:
            own.end_jobs()
