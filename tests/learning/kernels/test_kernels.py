"""The compiled loops compute what they say, and the same bits on every machine."""

import hashlib
import os
import platform
import subprocess
import sys

import numba
import numpy as np
import pytest

from pipeline.learning.kernels.kernels import exponentials, fold, largest, step_cells
from pipeline.learning.kernels.products import TILE, product

ROWS, COLUMNS, STREAMS = 128, 160, 5


@numba.njit
def multiply(matrix, scales, inputs, start, start_rows, rounded, input_scales, outputs):  # noqa: ANN001, ANN201, PLR0917
    product(matrix, scales, (ROWS // TILE, COLUMNS), inputs, 16, start, start_rows, rounded, input_scales, outputs)


@numba.njit
def move(gates, cells, hidden, place):  # noqa: ANN001, ANN201
    step_cells(gates, cells, hidden, place)


@numba.njit
def exponential(values, scaling, results):  # noqa: ANN001, ANN201
    exponentials(values, scaling, results)
    return largest(values)


def multiplied(dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """One product by the kernel, and by numpy in float64."""
    rng = np.random.default_rng(0)
    most = 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
    matrix = (rng.uniform(-most, most, (ROWS, COLUMNS))).astype(dtype)
    matrix[0] = most
    scales = (rng.uniform(0.5, 1.0, ROWS) / most).astype(np.float32)
    inputs = rng.standard_normal((STREAMS, 16 + COLUMNS)).astype(np.float32)
    inputs[1] = 7.0  # with the first row: sums as large as they get
    inputs[2] = 0.0
    start = rng.standard_normal((3, ROWS)).astype(np.float32)
    rows = rng.integers(0, 3, STREAMS)
    outputs = np.zeros((STREAMS, ROWS), np.float32)
    together = 1 if dtype is np.float32 else 2
    tiles = matrix.reshape(ROWS // TILE, TILE, COLUMNS // together, together).transpose(0, 2, 1, 3)
    packed = np.concatenate((tiles.reshape(-1), np.zeros(9000, dtype)))
    rounded, input_scales = np.zeros((STREAMS, 2 * COLUMNS), np.int16), np.zeros(STREAMS, np.float32)
    multiply(packed, scales, inputs, start, rows, rounded, input_scales, outputs)
    exact = (inputs[:, 16:].astype(np.float64) @ matrix.T.astype(np.float64)) * scales + start[rows]
    return outputs, exact


def cells_moved() -> tuple[np.ndarray, np.ndarray]:
    """Cells and hidden values after one move, by the kernel and by numpy in float64."""
    rng = np.random.default_rng(1)
    neurons = 48
    gates = (6 * rng.standard_normal((neurons // 16, 4, 16))).astype(np.float32)
    gates[0, :, :4] = [[-500.0, 500.0, 0.0, 1e-6]] * 4
    cells, hidden = rng.standard_normal(80).astype(np.float32), np.zeros(80, np.float32)
    before = cells[16:64].astype(np.float64).reshape(-1, 16)
    move(gates.reshape(-1), cells, hidden, (16, neurons))
    i, f, g, o = gates.astype(np.float64).transpose(1, 0, 2)
    with np.errstate(over="ignore"):
        after = before / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        said = np.tanh(after) / (1 + np.exp(-o))
    assert (hidden[:16] == 0).all()
    assert (hidden[64:] == 0).all()
    return np.array([cells[16:64], hidden[16:64]]), np.array([after.reshape(-1), said.reshape(-1)])


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 2e-5), (np.int16, 2e-4), (np.int8, 1e-3)])
def test_a_product_is_as_exact_as_its_weights(dtype: type, error: float) -> None:
    outputs, exact = multiplied(dtype)
    assert np.abs(outputs - exact).max() < error * np.abs(exact).max()


def test_cells_move_as_the_definition_says() -> None:
    moved, exact = cells_moved()
    assert np.abs(moved - exact).max() < 1e-6


def test_exponentials_are_exact_to_the_last_bits() -> None:
    values = np.linspace(-60, 3, 256).astype(np.float32)
    results = np.zeros(256, np.float32)
    assert exponential(values, (np.float32(3), np.float32(1)), results) == np.float32(3)
    exact = np.exp(values.astype(np.float64) - 3)
    assert (np.abs(results - exact) / exact).max() < 6e-6  # the difference's own rounding, 63 * 2**-24
    near = slice(200, None)
    assert (np.abs(results - exact) / exact)[near].max() < 2e-6


def test_no_number_at_all_counts_as_nothing() -> None:
    values = np.full(16, np.nan, np.float32)
    values[3] = -2.0
    results = np.zeros(16, np.float32)
    assert exponential(values, (np.float32(-2), np.float32(1)), results) == -2.0
    assert np.isfinite(results).all()


def test_tables_are_products() -> None:
    rng = np.random.default_rng(2)
    vectors, matrix = (rng.standard_normal(shape).astype(np.float32) for shape in ((256, 7), (7, 40)))
    results = np.zeros((256, 40), np.float32)
    fold(vectors, matrix, results)
    np.testing.assert_allclose(results, vectors.astype(np.float64) @ matrix, rtol=1e-6, atol=1e-6)


def fingerprint() -> str:
    digest = hashlib.sha256()
    for array in [*(multiplied(dtype)[0] for dtype in (np.float32, np.int16, np.int8)), cells_moved()[0]]:
        digest.update(array.tobytes())
    values, results = np.linspace(-60, 3, 256).astype(np.float32), np.zeros(256, np.float32)
    exponential(values, (np.float32(3), np.float32(0.7)), results)
    digest.update(results.tobytes())
    return digest.hexdigest()


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names processors of this family")
@pytest.mark.parametrize("processor", ["haswell", "x86-64"])
def test_machines_with_narrower_registers_compute_the_same_bits(processor: str) -> None:
    environment = {**os.environ, "NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
    program = "from tests.learning.kernels.test_kernels import fingerprint; print(fingerprint())"
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert ran.stdout.strip() == fingerprint()
