"""The sampler made of torch: for a GPU, and for a processor on which the compiled sampler can't be built.

On a GPU one step of the network and one draw are captured once as a CUDA graph and replayed: the drawn byte is the next
step's input, random numbers are sent ahead, and the bytes come back a block at a time. On a processor the same steps
run one by one, slowly. The random numbers are those of the compiled sampler, the rounding is not: bytes may differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from pipeline.audio.formats import SILENCE_BYTE
from pipeline.errors import TrainingError
from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.models.network import BYTE_VALUES, LstmSettings, NetworkSettings, TieredSettings
from pipeline.learning.sampling.draws import Doubles
from pipeline.learning.sampling.generation import GenerationRequest
from pipeline.learning.sampling.quantisation import Floats, rounded_weights
from pipeline.learning.sampling.traces import TraceSums

Bytes = npt.NDArray[np.uint8]

_STEPS_PER_GRAPH: Final = 64
_WARM_UPS: Final = 3


def gpu_or_cpu(*, required: bool) -> str:
    """Return `cuda` where there is such a device, else `cpu`.

    Raises
    ------
    TrainingError
        Where one is required and there is none.
    """
    if torch.cuda.is_available():
        return "cuda"
    if required:
        raise TrainingError(
            "There is no CUDA device to sample with.",
            expected="a GPU that torch can use",
            hint='Set device = "auto" or "cpu" in the section\'s sampling.',
        )
    return "cpu"


def open_gpu_sampler(request: GenerationRequest) -> TorchSampler:
    """Load the checkpoint for the GPU, in float32."""
    checkpoint = load_checkpoint(request.checkpoint)
    return TorchSampler(checkpoint.network, checkpoint.weights, streams=len(request.files))


def open_slow_sampler(request: GenerationRequest) -> TorchSampler:
    """Load the checkpoint for torch on the processor, with the weights rounded as the compiled sampler holds them."""
    torch.set_num_threads(1)  # several processes speak side by side: more threads would wait for one another
    checkpoint = load_checkpoint(request.checkpoint)
    weights = rounded_weights(checkpoint.network, checkpoint.weights, request.weight_dtype)
    return TorchSampler(checkpoint.network, weights, streams=len(request.files), device="cpu")


class _Tensors:
    """Weights as the steps read them, and everything that changes, at fixed addresses."""

    def __init__(self, network: NetworkSettings, weights: Mapping[str, Floats], streams: int, device: str) -> None:
        def tensor(name: str) -> torch.Tensor:
            return torch.tensor(weights[name], device=device)

        def zeros(*shape: int) -> torch.Tensor:
            return torch.zeros(shape, device=device)

        self.embedding = tensor("embedding.weight")
        self.layers = []
        for layer in range(network.layers):
            both = torch.cat([tensor(f"lstm.weight_ih_l{layer}"), tensor(f"lstm.weight_hh_l{layer}")], dim=1)
            bias = tensor(f"lstm.bias_ih_l{layer}") + tensor(f"lstm.bias_hh_l{layer}")
            self.layers.append((both.t().contiguous(), bias))
        self.lstm = nn.LSTM(weights["lstm.weight_ih_l0"].shape[1], network.neurons, network.layers, device=device)
        own = {name.removeprefix("lstm."): tensor(name) for name in weights if name.startswith("lstm.")}
        self.lstm.load_state_dict(own)
        self.output = tensor("output.weight").t().contiguous(), tensor("output.bias")
        self.hidden = [zeros(streams, network.neurons) for _ in range(network.layers)]
        self.cells = [zeros(streams, network.neurons) for _ in range(network.layers)]
        places = max(network.group, network.recent)
        self.history = torch.full((streams, places), SILENCE_BYTE, dtype=torch.int64, device=device)
        self.condition = zeros(streams, 0)
        if isinstance(network, TieredSettings):
            self.condition = zeros(streams, network.group * network.fast_neurons)
            self.condition_weights = tensor("condition.weight").t().contiguous(), tensor("condition.bias")
            self.recent = tensor("recent.weight").t().contiguous()
            self.fast = [
                (tensor(f"fast.{layer}.weight").t().contiguous(), tensor(f"fast.{layer}.bias"))
                for layer in range(network.fast_layers)
            ]

    def state_tensors(self) -> dict[str, torch.Tensor]:
        """Everything that changes."""
        parts = {"history": self.history, "condition": self.condition}
        parts |= {f"hidden{layer}": tensor for layer, tensor in enumerate(self.hidden)}
        return parts | {f"cells{layer}": tensor for layer, tensor in enumerate(self.cells)}


class _StepTraces:
    """What each step of a replay leaves behind, at fixed addresses.

    `shares` are the probabilities, shape = (steps, streams, 256); the shape of `cells` is (steps, streams, layers,
    neurons).
    """

    def __init__(self, steps: int, tensors: _Tensors) -> None:
        streams, neurons = tensors.cells[0].shape
        device = tensors.cells[0].device
        self.shares = torch.zeros((steps, streams, BYTE_VALUES), device=device)
        self.cells = torch.zeros((steps, streams, len(tensors.cells), neurons), device=device)

    def keep_cells(self, step: int, cells: list[torch.Tensor]) -> None:
        """Copy the cells of all layers."""
        for layer, own in enumerate(cells):
            self.cells[step, :, layer].copy_(own)


class _BlockSums:
    """A block's sums on the device, added to after each replay and fetched at the end."""

    def __init__(self, sums: TraceSums, device: torch.device) -> None:
        self._sums = sums
        self._distribution = torch.from_numpy(sums.distribution).to(device)
        self._cells = torch.from_numpy(sums.cells).to(device)

    def add(self, traces: _StepTraces, done: int, count: int, moves: range) -> None:
        """Add `count` steps, the first of which made sample `done`; the LSTM advanced in those of `moves`."""
        sums = self._sums
        for first, end in _pieces(done, count, sums.distribution_samples):
            window = (done + first) // sums.distribution_samples
            self._distribution[window] += traces.shares[first:end].sum(dim=0)
            sums.samples[window] += end - first
        for first, end in _pieces(done, count, sums.cells_samples):
            window = (done + first) // sums.cells_samples
            steps = [step for step in moves if first <= step < end]
            if steps:
                self._cells[window] += traces.cells[steps[0] : end : moves.step].sum(dim=0)
                sums.steps[window] += len(steps)

    def fetch(self) -> None:
        """Copy the sums to the processor."""
        self._sums.distribution[...] = self._distribution.cpu().numpy()
        self._sums.cells[...] = self._cells.cpu().numpy()


def _pieces(done: int, count: int, window: int) -> list[tuple[int, int]]:
    """Cut the steps 0..count - 1, the first of which makes sample `done`, where windows begin."""
    edges = [0, *(at - done for at in range((done // window + 1) * window, done + count, window)), count]
    return list(itertools.pairwise(edges))


class TorchSampler:
    """Generates one or more streams of a network with torch; a `Generator`.

    Parameters
    ----------
    network, weights
        As for the processor's sampler; computed in float32.
    streams
        How many takes advance together.
    device
        A torch device; graphs are captured on CUDA alone.
    """

    def __init__(
        self,
        network: NetworkSettings,
        weights: Mapping[str, Floats],
        *,
        streams: int = 1,
        device: str = "cuda",
    ) -> None:
        self.streams = streams
        self.network = network
        self.device = torch.device(device)
        self._group = network.group
        self._phase = 0
        self._tensors = _Tensors(network, weights, streams, device)
        self._steps = -(-_STEPS_PER_GRAPH // self._group) * self._group
        """Of one replay: whole groups, so that each replay begins where a group does."""
        shape = (self._steps, streams, 1)
        self._uniforms = torch.zeros(shape, dtype=torch.float64, device=device)
        self._inverse_temperature = torch.ones(shape, device=device)
        self._codes = torch.zeros((self._steps, streams), dtype=torch.int64, device=device)
        self._traces: _StepTraces | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._cuts = (BYTE_VALUES, 0.0)

    @torch.no_grad()
    def prime(self, primer: Bytes) -> None:
        """Advance all streams over the same bytes, shape = (samples,): whole groups in one run of cuDNN's LSTM."""
        data = torch.tensor(primer.astype(np.int64), device=self.device)
        single = min(len(data), -self._phase % self._group)
        whole = (len(data) - single) // self._group * self._group
        self._step_over(data[:single])
        if whole:
            self._prime_groups(data[single : single + whole])
        self._step_over(data[single + whole :])

    def _step_over(self, data: torch.Tensor) -> None:
        for byte in data:
            self._predict(self._phase)
            self._append(byte.expand(self.streams))
            self._phase = (self._phase + 1) % self._group

    def _prime_groups(self, data: torch.Tensor) -> None:
        """Advance over whole groups, shape = (groups x group,), from a group's beginning; no logits are computed."""
        tensors, group = self._tensors, self._group
        inputs = torch.cat((tensors.history[:, -group:], data[:-group].expand(self.streams, -1)), dim=1)
        steps = tensors.embedding[inputs].reshape(self.streams, len(data) // group, -1).transpose(0, 1)
        outputs, (hidden, cells) = tensors.lstm(steps, (torch.stack(tensors.hidden), torch.stack(tensors.cells)))
        for layer in range(self.network.layers):
            tensors.hidden[layer].copy_(hidden[layer])
            tensors.cells[layer].copy_(cells[layer])
        if isinstance(self.network, TieredSettings):
            weights, bias = tensors.condition_weights
            tensors.condition.copy_(torch.addmm(bias, outputs[-1], weights))
        places = tensors.history.shape[1]
        tensors.history.copy_(torch.cat((tensors.history, data.expand(self.streams, -1)), dim=1)[:, -places:])

    @torch.no_grad()
    def logits(self, primer: Bytes) -> Floats:
        """Feed bytes, and return the logits before each of them, shape = (samples, streams, 256)."""
        logits = []
        for byte in torch.tensor(primer.astype(np.int64), device=self.device):
            logits.append(self._predict(self._phase).cpu().numpy())
            self._append(byte.expand(self.streams))
            self._phase = (self._phase + 1) % self._group
        return np.array(logits, np.float32)

    @torch.no_grad()
    def generate(
        self,
        uniforms: Doubles,
        inverse_temperature: Doubles,
        *,
        top_k: int = BYTE_VALUES,
        min_p: float = 0.0,
        sums: TraceSums | None = None,
    ) -> Bytes:
        """Draw one byte for each random number, shape = (streams, samples); see `Sampler.generate`."""
        if (top_k, min_p) != self._cuts or (sums is None) != (self._traces is None):
            self._graph, self._cuts = None, (top_k, min_p)
            self._traces = _StepTraces(self._steps, self._tensors) if sums is not None else None
        block = _BlockSums(sums, self.device) if sums is not None else None
        codes: list[torch.Tensor] = []
        numbers = torch.tensor(uniforms.T[..., None], device=self.device)
        inverse = torch.tensor(inverse_temperature.T[..., None].astype(np.float32), device=self.device)
        done, samples = 0, uniforms.shape[1]
        while done < samples:
            phase = self._phase
            whole = phase == 0 and samples - done >= self._steps
            count = self._steps if whole else min(samples - done, self._group - self._phase)
            self._uniforms[:count] = numbers[done : done + count]
            self._inverse_temperature[:count] = inverse[done : done + count]
            if whole:
                self._replay()
            else:
                self._run(phase, count)
                self._phase = (phase + count) % self._group
            codes.append(self._codes[:count].to(torch.uint8))
            if block is not None and self._traces is not None:
                block.add(self._traces, done, count, range(-phase % self._group, count, self._group))
            done += count
        if block is not None:
            block.fetch()
        return (
            np.ascontiguousarray(torch.cat(codes).cpu().numpy().T) if codes else np.zeros((self.streams, 0), np.uint8)
        )

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """The state, copied to the processor."""
        state = {name: tensor.cpu().numpy().copy() for name, tensor in self._tensors.state_tensors().items()}
        return state | {"phase": np.array([self._phase], np.int64)}

    def load_state_dict(self, state: Mapping[str, npt.NDArray[Any]]) -> bool:
        """Go on where `state_dict` was; False where this is no state of such a network."""
        own = self._tensors.state_tensors()
        if state.keys() != {*own, "phase"} or not 0 <= state["phase"].reshape(-1)[0] < self._group:
            return False
        if any(state[name].shape != tuple(tensor.shape) for name, tensor in own.items()):
            return False
        if not ((state["history"] >= 0) & (state["history"] < BYTE_VALUES)).all():
            return False
        for name, tensor in own.items():
            tensor.copy_(torch.from_numpy(state[name].copy()))
        self._phase = int(state["phase"].reshape(-1)[0])
        return True

    def _replay(self) -> None:
        if self.device.type != "cuda":
            self._run(0, self._steps)
            return
        if self._graph is None:
            self._graph = self._capture()
        self._graph.replay()

    def _capture(self) -> torch.cuda.CUDAGraph:
        """Record the steps; the warm-up that this needs must not advance the streams."""
        before = {name: tensor.clone() for name, tensor in self._tensors.state_tensors().items()}
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                self._run(0, self._steps)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._run(0, self._steps)
        for name, tensor in self._tensors.state_tensors().items():
            tensor.copy_(before[name])
        return graph

    def _run(self, phase: int, count: int) -> None:
        for step in range(count):
            logits = self._predict((phase + step) % self._group)
            if self._traces is not None:
                self._traces.keep_cells(step, self._tensors.cells)
            self._draw(logits, step)
            self._append(self._codes[step])

    def _append(self, codes: torch.Tensor) -> None:
        history = self._tensors.history
        if history.shape[1] > 1:
            history[:, :-1] = history[:, 1:].clone()
        history[:, -1] = codes

    def _predict(self, phase: int) -> torch.Tensor:
        tensors = self._tensors
        if isinstance(self.network, LstmSettings):
            x = self._step(tensors.embedding[tensors.history[:, -1]])
        else:
            x = self._fast_tier(self.network, phase)
        return torch.addmm(tensors.output[1], x, tensors.output[0])

    def _step(self, x: torch.Tensor) -> torch.Tensor:
        tensors, neurons = self._tensors, self.network.neurons
        for (weights, bias), hidden, cells in zip(tensors.layers, tensors.hidden, tensors.cells, strict=True):
            z = torch.addmm(bias, torch.cat((x, hidden), dim=1), weights)
            gates = torch.sigmoid(z)
            new = gates[:, :neurons] * torch.tanh(z[:, 2 * neurons : 3 * neurons])
            torch.addcmul(new, gates[:, neurons : 2 * neurons], cells, out=cells)
            torch.mul(gates[:, 3 * neurons :], torch.tanh(cells), out=hidden)
            x = hidden
        return x

    def _fast_tier(self, network: TieredSettings, phase: int) -> torch.Tensor:
        tensors = self._tensors
        if phase == 0:
            group = tensors.embedding[tensors.history[:, -network.group :]].flatten(1)
            x = self._step(group)
            tensors.condition.copy_(torch.addmm(tensors.condition_weights[1], x, tensors.condition_weights[0]))
        condition = tensors.condition[:, phase * network.fast_neurons : (phase + 1) * network.fast_neurons]
        recent = tensors.embedding[tensors.history[:, -network.recent :]].flatten(1)
        h = torch.relu(torch.addmm(condition, recent, tensors.recent))
        for weights, bias in tensors.fast:
            h = h + torch.relu(torch.addmm(bias, h, weights))
        return h

    def _draw(self, logits: torch.Tensor, step: int) -> None:
        """The first byte whose share of the whole, with all shares before it, exceeds the random number."""
        top_k, min_p = self._cuts
        best = logits.amax(dim=1, keepdim=True)
        chances = torch.exp((logits - best) * self._inverse_temperature[step])
        if top_k < BYTE_VALUES:
            least = logits.topk(top_k, dim=1).values[:, -1:]
            chances = chances * (logits >= least)
        if min_p > 0.0:
            chances = chances * (chances >= min_p)
        sums = chances.double().cumsum(dim=1)
        if self._traces is not None:
            self._traces.shares[step].copy_(chances / sums[:, -1:])
        below = (sums <= self._uniforms[step] * sums[:, -1:]).sum(dim=1)
        self._codes[step].copy_(below.clamp(max=BYTE_VALUES - 1))
