"""Training by several processes, on one machine or more, as torchrun starts them.

Each process takes its share of every batch; gradients and losses are averaged, as DistributedDataParallel does, so that
n processes go the way of one with the same batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Processes:
    """rank of this process among `count`; device: "cpu" or "cuda:N"."""

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this process writes checkpoints, log and report."""
        return self.rank == 0

    def share(self, items: int) -> slice:
        """This process's part of a batch; raises InputError when the batch cannot be shared evenly."""
        if items % self.count:
            raise InputError(f"A batch of {items} cannot be shared by {self.count} processes; choose a multiple.")
        each = items // self.count
        return slice(self.rank * each, (self.rank + 1) * each)

    def mean(self, value: torch.Tensor) -> torch.Tensor:
        """The mean over the processes of a tensor (without gradient where there are several)."""
        if self.count == 1:
            return value
        import torch.distributed as dist

        total = value.detach().clone()
        dist.all_reduce(total)
        return total / self.count

    def average_gradients(self, parameters: Iterable[torch.Tensor]) -> None:
        """Replace every gradient by its mean over the processes."""
        if self.count == 1:
            return
        import torch

        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()


def quickest_precision(device: str) -> str:
    """The precision (`plan.PRECISIONS`) that a device is quickest at: half where it multiplies halves itself.

    A processor that does not takes ten times as long over bfloat16 as over float32, or more (AVX2, torch 2.13).
    """
    import torch

    if device != "cpu":
        capable = torch.cuda.get_device_capability(device)[0] >= 8  # Ampere
        return "bfloat16" if capable else "float16"
    told = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return "bfloat16" if any(question() for question in told if question) else "float32"


@contextmanager
def joined() -> Iterator[Processes]:
    """The processes that torchrun started (RANK, WORLD_SIZE, LOCAL_RANK), or this one alone; on GPUs if any."""
    import torch

    rank, count, local = (int(os.environ.get(name, default)) for name, default in _VARIABLES)
    device = f"cuda:{local}" if torch.cuda.is_available() else "cpu"
    if count == 1:
        yield Processes(device=device)
        return
    import torch.distributed as dist

    if device != "cpu":
        torch.cuda.set_device(device)
    dist.init_process_group("gloo" if device == "cpu" else "nccl")
    try:
        yield Processes(rank, count, device)
    finally:
        dist.destroy_process_group()


_VARIABLES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
