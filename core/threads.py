"""Work on several pieces at a time; NumPy and SciPy let other threads run, so threads are enough."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeVar

from .progress import breathe

S = TypeVar("S")
T = TypeVar("T")


def _allowed() -> int:
    """Cores, or what OMP_NUM_THREADS says: a worker of one thread is to be one."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() and int(told) > 0 else os.cpu_count() or 1


THREADS = min(8, _allowed())


def in_order(work: Callable[[S], T], items: Iterable[S], threads: int | None = None) -> Iterator[T]:
    """The results of ``work`` on each item, in order, by `THREADS` threads unless told otherwise; never more than a
    few are begun before they are taken."""
    waiting: deque[Future[T]] = deque()
    count = threads or THREADS
    with ThreadPoolExecutor(count) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 2 * count:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch and, where threadpoolctl is installed, BLAS use one thread: to the same bits wherever work is done."""
    with ExitStack() as limits:
        with suppress(ImportError):
            from threadpoolctl import threadpool_limits

            limits.enter_context(threadpool_limits(1))
        torch = sys.modules.get("torch")
        if torch is not None:
            limits.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        yield


def _result(future: Future[T]) -> T:
    """What a piece gives; a cancel is heard while it is waited for."""
    while not future.done():
        wait([future], timeout=0.1)
        breathe()
    return future.result()
