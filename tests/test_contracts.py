"""The shape of the house: layers, sizes, and names that never come in."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "pipeline").rglob("*.py"))


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a file, from its module on; each file is read once."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def test_imports_run_downwards_only() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_small(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= 400
    for node in _nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} has grown too long"


def test_every_module_says_what_it_owns() -> None:
    modules = {path: next(node for node in _nodes(path) if isinstance(node, ast.Module)) for path in SOURCES}
    assert [path for path, module in modules.items() if not ast.get_docstring(module)] == []


@cache
def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_only_the_room_of_learning_imports_torch() -> None:
    with_torch = {path.relative_to(ROOT / "pipeline").parts[0] for path in SOURCES if "torch" in _imported(path)}
    assert with_torch <= {"learning"}


def test_only_the_command_line_prints() -> None:
    printers = set()
    for path in SOURCES:
        for node in _nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                printers.add(path.relative_to(ROOT / "pipeline").as_posix())
    assert {printer for printer in printers if not printer.startswith("cli/")} <= {"tools/commands.py"}


def test_nothing_unpickles_or_evaluates() -> None:
    for path in SOURCES:
        # Dask runs what it is sent, and says so: pieces travel between a command and workers that it has admitted.
        assert path.parent.name == "cluster" or "pickle" not in _imported(path), path
        for node in _nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, path


def test_reading_a_production_brings_no_large_library_along() -> None:
    program = (
        "import sys, pipeline.production.schema;"
        "print([m for m in ('torch','numba','scipy','moviepy','PIL','matplotlib') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "[]"
