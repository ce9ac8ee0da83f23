"""A wrong command line is told in words of our own, whichever library reads it."""

import re

import pytest

from tests.end_to_end.productions import run_here

LIBRARIES_WORDS = re.compile(
    r"(?i)input should|valid|unable to parse|no such|unexpected|argument|requires|usage:|\{|unrecognized|\bint\b"
)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train --jobs x", "--jobs can't be 'x'|a whole number"),
        ("train --jobs 0", "--jobs can't be '0'|at least 1"),
        ("clean --older-than x", "--older-than can't be 'x'|a number"),
        ("train --jbos 3", "no option --jbos here; perhaps --jobs"),
        ("status a b c", "more than the command takes: b c"),
        ("still --at", "--at needs a value"),
        ("train --force=3", "--force takes no value"),
        ("init", "FOLDER is missing"),
        ("export", "A subcommand is missing"),
        ("export gfi", "perhaps 'gif'"),
        ("graph", "LOG..., OUT: missing"),
        ("graph --foo a b.png", "doesn't know --foo"),
        ("graph a b.png --width x", "--width can't be 'x'|a whole number"),
        ("graph a b.png --x-scale foo", "--x-scale can't be 'foo'|linear, log, log1p"),
        ("graph --width", "--width needs a value"),
        ("to-text a b c", "doesn't know c"),
    ],
)
def test_a_wrong_command_line(arguments: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(*arguments.split()) == 2
    told = capsys.readouterr().err
    for expected in words.split("|"):
        assert expected in told.replace("LOG... OUT", "LOG..., OUT")
    assert not LIBRARIES_WORDS.search(told.partition("to-text [-h]")[0]), told
