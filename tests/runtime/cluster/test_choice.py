"""Which cluster a command line names: what is accepted, and the errors for what is not."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.runtime.cluster import connecting
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.connecting import connect, security
from pipeline.runtime.cluster.extra import load
from pipeline.runtime.cluster.jobs import batch
from pipeline.runtime.resources import builtin_templates_folder
from tests.runtime.cluster.elsewhere import certificates, scheduler


def settings(folder: Path, text: str) -> str:
    path = folder / "cluster.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("address", ["tcp://cellar:8786", "tls://10.0.0.7:8786", "tcp://[::1]:1"])
def test_an_address_is_taken_as_it_stands(address: str) -> None:
    assert read_choice(address).address == address


@pytest.mark.parametrize(
    "named",
    [
        *("tcp://cellar", "tcp://cellar:0", "tcp://cellar:65536", "http://cellar:8786", "inproc://1"),
        *("cellar:8786", "", "tcp://a b:1", "tcp://cellar:8786/x"),
    ],
)
def test_what_is_no_cluster_is_refused(named: str) -> None:
    with pytest.raises(InputError) as caught:
        read_choice(named)
    assert "HOST:PORT" in caught.value.expected


def test_settings_of_a_batch_system_go_on_as_they_stand(tmp_path: Path) -> None:
    text = 'kind = "slurm"\ncores = 8\nmemory = "32GB"\nqueue = "long"\nwalltime = "08:00:00"\njobs = 10\n'
    choice = read_choice(settings(tmp_path, text))
    assert (choice.kind, choice.jobs) == ("slurm", 10)
    assert choice.settings == {"cores": 8, "memory": "32GB", "queue": "long", "walltime": "08:00:00"}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('kind = "slurn"', "kind"),
        ("cores = 8", "kind"),
        ('kind = "slurm"\njobs = 0', "jobs"),
        ('kind = "slurm"\njobs = true', "jobs"),
        ("kind = [", "cluster.toml"),
        ('address = "http://x"', "address"),
        ('address = "tcp://x:1"\ncores = 2', "cluster.toml"),
        ('address = "tls://x:1"\ntls = { ca_file = "no.pem", cert = "no.pem", key = "no.pem" }', "tls.ca_file"),
        ('address = "tls://x:1"\n[tls]\nca_file = "cluster.toml"', "tls"),
        ('address = "tls://x:1"\n[tls]\nca = "cluster.toml"', "cluster.toml"),
    ],
)
def test_a_fault_of_the_settings_says_where_it_is(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(InputError) as caught:
        read_choice(settings(tmp_path, text))
    assert where in caught.value.where
    assert caught.value.expected


@pytest.mark.parametrize("name", ["slurm", "scheduler"])
def test_the_built_in_files_name_settings_that_exist_those_in_comments_too(tmp_path: Path, name: str) -> None:
    text = (builtin_templates_folder() / "clusters" / f"{name}.toml").read_text()
    whole = re.sub(r"^# (?=\[tls\]|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    for file in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / file).touch()
    for each in (text, whole):
        choice = read_choice(settings(tmp_path, each))
        if choice.kind:
            batch._check_names(choice, batch._settings_of(load("dask_jobqueue").SLURMCluster))
            batch._check_values(choice)
            batch._check_network(choice, {})
    assert choice.tls.keys() == {"ca_file", "cert", "key"}


def test_settings_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_choice(str(tmp_path / "none.toml"))


def test_a_plain_installation_says_which_extra_is_missing() -> None:
    with pytest.raises(InputError) as caught:
        load("dask_no_such_library")
    assert "dask-no-such-library" in caught.value.what
    assert "[cluster]" in caught.value.hint or "distributed" in caught.value.hint


def test_a_library_leaves_ctrl_c_to_this_program(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "dask_jobqueue"]:
        monkeypatch.delitem(sys.modules, name)  # it takes the signal over when it is imported
    before = signal.getsignal(signal.SIGINT)
    load("dask_jobqueue")
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("name", "is_named"), [("logs", True), ("my logs", False), ("l\n#SBATCH --uid=0", False)])
def test_what_jobs_print_goes_where_a_script_can_name_it(tmp_path: Path, name: str, *, is_named: bool) -> None:
    cluster = batch.prepared(read_choice(settings(tmp_path, SLURM)), tmp_path / name)
    try:
        script = cluster.job_script()
        assert (f"#SBATCH -o {tmp_path}/{name}/" in script) == is_named
        assert "uid" not in script
    finally:
        cluster.close()


SLURM = 'kind = "slurm"\ncores = 8\nmemory = "32GB"\nqueue = "long"\nwalltime = "08:00:00"\ninterface = "lo"\n'


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("slurm", ["#SBATCH -p long", "#SBATCH --cpus-per-task=8", "#SBATCH --mem=30G", "#SBATCH -t 08:00:00"]),
        ("pbs", ["#PBS -q long", "#PBS -l select=1:ncpus=8:mem=30GB", "#PBS -l walltime=08:00:00"]),
    ],
)
def test_settings_become_the_script_of_a_job(tmp_path: Path, kind: str, lines: list[str]) -> None:
    choice = read_choice(settings(tmp_path, SLURM.replace("slurm", kind)))
    cluster = batch.prepared(choice, tmp_path / "logs")
    try:
        script = cluster.job_script().splitlines()
        assert set(lines) <= set(script)
        started = next(line for line in script if "--nthreads" in line)
        assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")
        assert cluster.scheduler_address in started
        assert "--nthreads 8" in started
        assert "--no-dashboard" in started
    finally:
        cluster.close()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (('"long"', '"long\\n#SBATCH --uid=root"'), "queue"),
        (('"long"', '["long", "a\\u2028b"]'), "queue"),
        (('"08:00:00"', '"1\\u0000"'), "walltime"),
        (("cores = 8", "cores = 0"), "cores"),
        (("cores = 8", "cores = true"), "cores"),
        (("cores = 8\n", ""), "cores"),
        (('"32GB"', '"$(reboot)"'), "memory"),
        (('memory = "32GB"\n', ""), "memory"),
        (('interface = "lo"', 'scheduler_options = { host = "0.0.0.0" }'), "scheduler_options.host"),
        (('interface = "lo"', 'scheduler_options = { host = "tcp://[::]:0" }'), "scheduler_options.host"),
        (
            ('interface = "lo"', 'interface = "lo"\nscheduler_options = { dashboard_address = ":8787" }'),
            "scheduler_options.dashboard_address",
        ),
        (('interface = "lo"\n', ""), "cluster.toml"),
        (('interface = "lo"', 'interface = "lo"\nprotocol = "inproc"'), "cluster.toml"),
        (('interface = "lo"', 'interface = "lo"\nquue = "x"'), "cluster.toml"),
    ],
)
def test_settings_that_a_script_can_not_hold_are_refused(tmp_path: Path, change: tuple[str, str], where: str) -> None:
    choice = read_choice(settings(tmp_path, SLURM.replace(*change)))
    with pytest.raises(InputError) as caught:
        batch.prepared(choice, tmp_path / "logs")
    assert caught.value.where.endswith(where)
    assert caught.value.expected


def test_a_connection_with_certificates_is_encrypted_and_one_without_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "_FIRST_BYTE_S", 0.5)
    files = certificates(tmp_path)
    with scheduler(security=security(files), protocol="tls://") as own:
        text = f'address = "{own.scheduler_address}"\n[tls]\nca_file = "cert.pem"\ncert = "cert.pem"\nkey = "key.pem"\n'
        choice = read_choice(settings(tmp_path, text))
        client = connect(choice.address, choice.tls)
        try:
            assert client.scheduler_info()["address"].startswith("tls://127.0.0.1:")
        finally:
            client.close()
        with pytest.raises(InputError, match="No scheduler answers"):
            connect(choice.address, {})
        with pytest.raises(InputError, match="No scheduler answers"):
            connect(choice.address.replace("tls", "tcp"), {})


def test_a_cluster_whose_jobs_are_not_taken_can_be_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = tmp_path / "bin" / "sbatch"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\necho 'sbatch: error: too many jobs' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusing.parent}:{os.environ['PATH']}")
    choice = read_choice(settings(tmp_path, SLURM))
    cluster = batch.prepared(choice, tmp_path / "logs")
    with pytest.raises(InputError, match="too many jobs"):
        batch._ask_at_first(cluster, choice)
    cluster.close(timeout=60)
    assert cluster.status.name == "closed"


def test_a_python_whose_path_has_spaces_is_quoted_in_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/my films/.venv/bin/python")
    cluster = batch.prepared(read_choice(settings(tmp_path, SLURM)), tmp_path / "logs")
    try:
        assert "\n'/my films/.venv/bin/python' -m distributed.cli.dask_worker tcp://" in cluster.job_script()
    finally:
        cluster.close()


def test_files_of_tls_that_a_script_can_not_name_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "my films"
    folder.mkdir()
    certificates_of = "".join(f'{name} = "{name}.pem"\n' for name in ("ca_file", "cert", "key"))
    for name in ("ca_file", "cert", "key"):
        (folder / f"{name}.pem").touch()
    choice = read_choice(settings(folder, f"{SLURM}[tls]\n{certificates_of}"))
    with pytest.raises(InputError) as caught:
        batch.prepared(choice, tmp_path / "logs")
    assert caught.value.where.endswith("tls.ca_file")
