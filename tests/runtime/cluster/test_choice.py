"""Which cluster a command line names: what is accepted, and the errors for what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.extra import load


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


def test_settings_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_choice(str(tmp_path / "none.toml"))


def test_a_plain_installation_says_which_extra_is_missing() -> None:
    with pytest.raises(InputError) as caught:
        load("dask_no_such_library")
    assert "dask-no-such-library" in caught.value.what
    assert "[cluster]" in caught.value.hint or "distributed" in caught.value.hint
