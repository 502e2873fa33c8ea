"""Around a fit: seeds, threads and switches put back as they were found, and a progress bar."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from training.models._run import Run

KNOWN_WARNINGS = (
    ".*does not have a deterministic implementation",  # pooling on a GPU: asked for, not forced
)
MODE: Any = torch.utils.deterministic  # its one switch has no annotation
Tell = Callable[[int, float, float], None]
"""Told of an epoch, its validation loss and the best so far."""


@contextmanager
def undisturbed(seed: int, n_threads: int | None, run: Run) -> Iterator[None]:
    """Seed torch and ask for determinism for a while; put everything back afterwards."""
    threads_before = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    filled = MODE.fill_uninitialized_memory
    workspace = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    with torch.random.fork_rng(), warnings.catch_warnings():
        torch.manual_seed(seed)
        torch.set_num_threads(n_threads or threads_before)
        for message in KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        torch.backends.cudnn.benchmark = False
        # nothing here reads memory that it did not write
        MODE.fill_uninitialized_memory = False
        torch.use_deterministic_algorithms(True, warn_only=not run.deterministic)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
            torch.backends.cudnn.benchmark = benchmark
            MODE.fill_uninitialized_memory = filled
            os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)
            if workspace is not None:
                os.environ["CUBLAS_WORKSPACE_CONFIG"] = workspace


@contextmanager
def bar(title: str, epochs: int, shown: bool | None) -> Iterator[Tell]:
    """A progress bar on standard error; None shows it when that is a terminal."""
    if not (sys.stderr.isatty() if shown is None else shown):
        yield lambda _epoch, _loss, _best: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    # a bar that is done leaves the terminal; in a file it is the only thing that stays
    with Progress(console=console, transient=console.is_terminal) as progress:
        task = progress.add_task(title, total=epochs)

        def tell(epoch: int, loss: float, best: float) -> None:
            text = f"{title}: validation loss {loss:.4g}, best {best:.4g}"
            progress.update(task, completed=epoch + 1, description=text)

        yield tell
