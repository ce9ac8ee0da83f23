"""Groups of options: a command that takes one has all of its options, and gets their values."""

from __future__ import annotations

import inspect

import pytest

from pipeline.cli.options import BuildOptions, FilmOptions, ProductionOptions, with_groups


def test_a_group_stands_for_its_options() -> None:
    seen: list[tuple[object, ...]] = []

    def command(options: BuildOptions, number: int = 3) -> None:
        seen.append((options, number))

    called = with_groups(command)
    names = list(inspect.signature(called).parameters)
    assert names[-1] == "number"
    own = {"path", "draft", "as_json", "allow_outside", "output", "force", "dry_run", "jobs", "device", "cluster"}
    assert own == {*names[:-1]}
    called(**dict.fromkeys(names[:-1]) | {"draft": True, "number": 4})
    (options, number), *_ = seen
    assert isinstance(options, BuildOptions)
    assert (options.draft, options.jobs, number) == (True, None, 4)


@pytest.mark.parametrize("group", [ProductionOptions, FilmOptions, BuildOptions])
def test_an_option_can_be_left_out(group: type) -> None:
    def command(options: ProductionOptions) -> None:
        assert options.path is None

    command.__annotations__["options"] = group
    called = with_groups(command, without={"path"})
    names = inspect.signature(called).parameters
    assert "path" not in names
    called(**{name: parameter.default for name, parameter in names.items()})
