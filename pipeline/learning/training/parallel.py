"""One network over several processes or GPUs: each reads its share of the batch, and all make the same update.

torch's DistributedDataParallel averages the gradients, so an update is that of one process with the whole batch, within
rounding. The first process leads: it alone validates, logs and saves, and tells the others through pipes what to do
next, so that they may wait as long as it takes and hear of its end; they meet in torch only for what all do at once.
They are started here, and end with it. What is saved is what one process would save: the streams' states lie side by
side.

Sources: https://docs.pytorch.org/docs/stable/notes/ddp.html; gloo listens on one address, which is this machine's own.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import torch
import torch.distributed
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from pipeline.errors import ProductionError, TrainingError, WorkerError
from pipeline.learning.hardware import training_environment
from pipeline.learning.models.network import NetworkSettings
from pipeline.learning.recipes.arithmetic import Arithmetic
from pipeline.learning.recipes.recipe import Recipe
from pipeline.learning.training.trainer import Trainer, TrainingData
from pipeline.learning.training.training import Training
from pipeline.runtime.machine import usable_cores
from pipeline.runtime.workers import end_process, start_process

_UPDATE, _GATHER, _LOAD, _FORGET, _END = range(5)
_LOOPBACK: Final = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
_INTERFACE_VARIABLE: Final = "GLOO_SOCKET_IFNAME"
_TOGETHER: Final = timedelta(minutes=30)
"""So long processes wait for one another in the middle of an update, before it counts as failed."""
_BEGIN_S: Final = 120.0
_END_S: Final = 5.0
_HINT: Final = "Build again, with fewer devices if it happens again: the training goes on from its last state."


@dataclass(frozen=True)
class _Common:
    """What all processes of a training make their trainer of."""

    network: NetworkSettings
    recipe: Recipe
    training_data: TrainingData
    device: str
    arithmetic: Arithmetic
    devices: int
    meeting: str
    """The file by which they find each other."""


def check_devices(devices: int, device: torch.device) -> None:
    """Refuse a training over more devices than there are.

    Raises
    ------
    ProductionError
        Where there are too few.
    """
    on_gpu = device.type == "cuda"
    there = torch.cuda.device_count() if on_gpu else usable_cores()
    if devices > there:
        raise ProductionError(
            f"A training is to use {devices} {'GPUs' if on_gpu else 'processes'}, and there are {there} "
            f"{'GPUs' if on_gpu else 'cores'}.",
            where="training.devices",
            expected=f"at most {there}",
            hint="Set devices lower, or train on a machine with more.",
        )


@contextmanager
def opened_trainer(
    training: Training, recipe: Recipe, device: torch.device, arithmetic: Arithmetic
) -> Iterator[Trainer]:
    """Offer the trainer of a training: on one device, or one that leads others on as many as its settings name.

    Raises
    ------
    ProductionError
        Where there are too few devices.
    """
    network, data, devices = training.network, training.training_data, training.settings.devices
    with training_environment(device, arithmetic.threads, tf32=arithmetic.tf32), ExitStack() as stack:
        if devices == 1:
            yield Trainer(network, recipe, data, device=device, arithmetic=arithmetic)
            return
        check_devices(devices, device)
        aside = stack.enter_context(TemporaryDirectory(prefix="build-video-"))
        meeting = Path(aside, "meeting").as_uri()
        common = _Common(network, recipe, data, device.type, arithmetic, devices, meeting)
        followers = stack.enter_context(_followers(common))
        stack.enter_context(_met(common, 0))
        leader = _LeadingTrainer(common, [one.orders for one in followers])
        yield leader
        leader.tell(_END)
        for follower in followers:
            follower.process.join(_END_S)


@dataclass(frozen=True)
class _Follower:
    process: BaseProcess
    orders: Connection

    def end(self) -> None:
        end_process(self.process, _END_S)
        self.orders.close()


@contextmanager
def _followers(common: _Common) -> Iterator[list[_Follower]]:
    """The processes beside this one, ready, and ended afterwards.

    Raises
    ------
    WorkerError
        Where one of them died.
    TrainingError
        Where one did not begin.
    """
    with ExitStack() as stack:
        started = []
        for rank in range(1, common.devices):
            started.append(_started(common, rank))
            stack.callback(started[-1].end)
        try:
            for follower in started:
                if not wait_for_any([follower.orders, follower.process.sentinel], _BEGIN_S):
                    what = f"One of the processes that train a network together did not begin within {_BEGIN_S:.0f} s."
                    raise TrainingError(what, expected=f"a core for each of {common.devices} processes", hint=_HINT)
                follower.orders.recv()
            yield started
        except (RuntimeError, EOFError, ConnectionError) as error:  # of whoever waits for them
            if wait_for_any([one.process.sentinel for one in started], _END_S):
                raise WorkerError(
                    "One of the processes that train a network together died.",
                    expected=f"enough memory for each of {common.devices} processes",
                    hint=_HINT,
                ) from error
            raise


def _started(common: _Common, rank: int) -> _Follower:
    here, there = multiprocessing.Pipe()
    follower = _Follower(start_process(_follow, common, rank, there, daemon=True), here)
    there.close()
    return follower


@contextmanager
def _met(common: _Common, rank: int) -> Iterator[None]:
    """Meet the other processes."""
    before = os.environ.get(_INTERFACE_VARIABLE)
    if before is None and _LOOPBACK is not None:
        os.environ[_INTERFACE_VARIABLE] = _LOOPBACK
    try:
        torch.distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if common.device == "cuda" else "gloo",
            init_method=common.meeting,
            rank=rank,
            world_size=common.devices,
            timeout=_TOGETHER,
        )
        try:
            yield
        finally:
            with suppress(RuntimeError):  # where another has died nothing is left to part from
                torch.distributed.destroy_process_group()
    finally:
        if before is None:
            os.environ.pop(_INTERFACE_VARIABLE, None)


class _SharingTrainer(Trainer):
    """Makes updates with one share of the batch."""

    def __init__(self, common: _Common, rank: int) -> None:
        device = torch.device("cuda", rank) if common.device == "cuda" else torch.device("cpu")
        super().__init__(
            common.network,
            common.recipe,
            common.training_data,
            device=device,
            arithmetic=common.arithmetic,
            share=(rank, common.devices),
        )
        if rank:
            torch.manual_seed(common.recipe.seed + rank)
        self.forward = DistributedDataParallel(self.network, device_ids=[rank] if common.device == "cuda" else None)

    def update(self, iteration: int, rate_share: float) -> Tensor:
        """Make one update; its loss is the mean of all shares."""
        loss = super().update(iteration, rate_share)
        torch.distributed.all_reduce(loss)
        return loss / self.share[1]

    def gather(self) -> dict[str, Tensor]:
        """What each has of its own, put together: the streams' states, and random numbers."""
        state = self.own_state()
        named = {f"random.cpu.{rank}": one for rank, one in enumerate(_gathered(torch.get_rng_state()))}
        for index, tensor in enumerate(state or ()):
            named[f"state.{index}"] = torch.cat(_gathered(tensor.contiguous()), dim=1)
        return named

    def load_share(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on where all together stood."""
        super().load_state_dict(tensors)
        random = tensors.get(f"random.cpu.{self.share[0]}")
        if random is not None:
            torch.set_rng_state(random)


class _LeadingTrainer(_SharingTrainer):
    """The first process: whatever it does that all must do, it has the others do too."""

    def __init__(self, common: _Common, others: Sequence[Connection]) -> None:
        super().__init__(common, 0)
        self._others = others

    def tell(self, what: int, iteration: int = 0, rate_share: float = 0.0) -> None:
        """Tell the others what comes next."""
        for other in self._others:
            other.send((what, iteration, rate_share))

    def update(self, iteration: int, rate_share: float) -> Tensor:
        """Make one update, all together."""
        self.tell(_UPDATE, iteration, rate_share)
        return super().update(iteration, rate_share)

    def validate(self) -> float:
        """Validate alone."""
        loss = super().validate()
        if self.recipe.bugs_of_2016:
            self.tell(_FORGET)
        return loss

    def state_dict(self) -> dict[str, Tensor]:
        """What one process with the whole batch would have."""
        self.tell(_GATHER)
        return super().state_dict() | self.gather()

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on, all together."""
        self.tell(_LOAD)
        torch.distributed.broadcast_object_list([dict(tensors)], 0)
        self.load_share(tensors)


def _gathered(tensor: Tensor) -> list[Tensor]:
    everywhere = [torch.empty_like(tensor) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(everywhere, tensor)
    return everywhere


def _follow(common: _Common, rank: int, orders: Connection) -> None:
    """Do what the first process does, with another share of the batch; what another process is busy with."""
    try:
        _obey(common, rank, orders)
    except (EOFError, ConnectionError):  # the first process is gone, or has stopped in the middle of something
        return
    except RuntimeError:  # torch's, where it went in the middle of an update: it says so itself, or was killed
        leader = multiprocessing.parent_process()
        if leader is None or not wait_for_any([leader.sentinel], _END_S):
            raise


def _obey(common: _Common, rank: int, orders: Connection) -> None:
    device = torch.device("cuda", rank) if common.device == "cuda" else torch.device("cpu")
    arithmetic = common.arithmetic
    orders.send("ready")
    with training_environment(device, arithmetic.threads, tf32=arithmetic.tf32), _met(common, rank):
        trainer = _SharingTrainer(common, rank)
        while True:
            what, iteration, rate_share = orders.recv()
            if what == _END:
                return
            if what == _UPDATE:
                trainer.update(iteration, rate_share)
            elif what == _GATHER:
                trainer.gather()
            elif what == _FORGET:
                trainer.forget_streams()
            else:
                held: list[Any] = [None]
                torch.distributed.broadcast_object_list(held, 0)
                trainer.load_share(held[0])
