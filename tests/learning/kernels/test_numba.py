"""The kernels write LLVM IR through parts of numba that are no public interface: a new numba must fail here, early."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipeline.learning.sampling.compiling import compile_failure
from pipeline.learning.sampling.settings import WeightDtype

ROOT = Path(__file__).resolve().parents[3]


def test_this_numba_is_one_that_the_kernels_were_tried_with() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (numba,) = (one for one in map(Requirement, dependencies) if one.name == "numba")
    assert {specifier.operator for specifier in numba.specifier} == {">=", "<"}, "numba needs an upper bound"
    assert numba.specifier.contains(version("numba")), "run tests/learning, then raise the bound in pyproject.toml"


@pytest.mark.parametrize("weight_dtype", ["float32", "int16", "int8"])
def test_the_kernels_compile_and_compute_rightly(weight_dtype: WeightDtype) -> None:
    assert compile_failure.__wrapped__(weight_dtype) == ""
