"""The training loop against a loop written by hand, on the same network, batches and optimiser.

Both learn the same thing: the validation losses at the end must agree, or there are no rows. What
is timed is a whole fit, of which the hand-written loop does the least that gives the same model: no
checks, no early stopping, nothing kept, nothing put back. Both run on one thread, one after the
other in three pairs, each of which another begins, after fits of one epoch that are not counted;
rows are medians. Time is that of the processor, so that what else the machine does counts for
neither; waiting for the disk at a checkpoint is therefore not in it. All of it takes about 80 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from training.models import Training, models

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.models._run import Run
    from training.models._schedule import Schedule

MEMBERS, VALIDATION, POINTS, CLASSES, BATCH = 960, 320, 256, 4, 32
PAIRS, SEED = 3, 2026
GOAL = 1 / 1.1
STILL = {"strain": 0.0, "texture": 0.0, "noise": 0.0}


@dataclass(frozen=True)
class Size:
    """A network to fit: what it is called, its algorithm, its settings and for how long."""

    title: str
    model: str
    settings: dict[str, Any]
    epochs: int


SIZES = (
    Size("mlp of 16", "mlp", {"hidden": 16}, 20),
    Size("mlp of 256", "mlp", {"hidden": 256}, 20),
    Size("mlp of 1024", "mlp", {"hidden": 1024}, 4),
    Size("cnn1d", "cnn1d", STILL, 6),
    Size("resnet1d", "resnet1d", STILL, 3),
)


def data(members: int = MEMBERS, validation: int = VALIDATION) -> Training:
    """Noisy curves with a peak whose place is their class, as many of each class."""
    rng = np.random.default_rng(SEED)
    labels = np.arange(members + validation) % CLASSES
    x = np.linspace(0, 1, POINTS)
    centre = 0.2 + 0.2 * labels[:, None] + rng.normal(0, 0.05, (len(labels), 1))
    curves = np.exp(-(((x - centre) / 0.03) ** 2)) + 0.2 * rng.random((len(labels), POINTS))
    block = curves.astype(np.float32)
    return Training(
        inputs={"curve": block[:members]},
        targets=labels[:members],
        validation_inputs={"curve": block[members:]},
        validation_targets=labels[members:],
        n_classes=CLASSES,
        seed=SEED,
        curves={"curve": (0.0, 1.0)},
    )


def run() -> list[dict[str, Any]]:
    """Steps a second of both loops, and with checkpoints and a bar in ours."""
    from training.models._run import Run

    def watched(folder: Path) -> Run:
        return Run(checkpoints=folder, every=0, progress=True)

    def as_studies_do(folder: Path) -> Run:
        return Run(checkpoints=folder, progress=True)

    given = data()
    plain = [_row(size, given, "", lambda _: Run(progress=False)) for size in SIZES]
    how = "; a checkpoint every epoch and a progress bar"
    usual = "; a checkpoint every ten seconds, as in a study, and a progress bar"
    return [
        *plain,
        *(_row(size, given, how, watched) for size in (SIZES[0], SIZES[3])),
        *(_row(size, given, usual, as_studies_do) for size in (SIZES[0], SIZES[3])),
    ]


def _row(size: Size, given: Training, how: str, run_in: Callable[[Path], Run]) -> dict[str, Any]:
    # what is imported, compiled and allocated once is no part of a fit
    _pair(replace(size, epochs=1), given, run_in, hand_first=False)
    pairs = [_pair(size, given, run_in, hand_first=bool(n % 2)) for n in range(PAIRS)]
    own, hand = ([pair[which] for pair in pairs] for which in (0, 1))
    steps = size.epochs * -(-MEMBERS // BATCH)
    numbers = _network(size, given)[0].parameters()
    counted = f"{sum(p.numel() for p in numbers):,} parameters"
    return {
        "what": f"{size.title} ({counted}), {size.epochs} epochs{how}",
        "against": "hand-written PyTorch loop",
        "ratio": median(h / o for o, h in zip(own, hand, strict=True)),
        "ours": steps / median(own),
        "theirs": steps / median(hand),
        "goal": GOAL,
        "unit": "steps/s of processor",
    }


def _pair(
    size: Size, given: Training, run_in: Callable[[Path], Run], hand_first: bool
) -> tuple[float, float]:
    """Seconds of our fit and of the hand-written one, which end at the same loss."""

    def ours() -> tuple[Any, float]:
        with TemporaryDirectory() as folder:
            return _ours(size, given, run_in(Path(folder)))

    def hand() -> tuple[float, float]:
        return _timed(lambda: by_hand(size, given))

    if hand_first:
        loss, theirs = hand()
        fitted, own = ours()
    else:
        fitted, own = ours()
        loss, theirs = hand()
    np.testing.assert_allclose(fitted.history[-1].validation, loss, rtol=1e-3)
    return own, theirs


def _ours(size: Size, given: Training, how: Run) -> tuple[Any, float]:
    from training.models._run import running

    def fit() -> Any:
        return models()[size.model].train(given, **_settings(size))

    with running(how), redirect_stderr(StringIO()):
        return _timed(fit)


def _settings(size: Size) -> dict[str, Any]:
    chosen = {"epochs": size.epochs, "patience": size.epochs, "batch": BATCH, "search": 0}
    return {**models()[size.model].settings, **size.settings, **chosen}


def by_hand(size: Size, given: Training) -> float:
    """The same fit as a loop over tensors, on one thread like ours for so few members.

    Returns:
        Validation loss after the last epoch.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        network, schedule = _network(size, given)
        x, far = (
            torch.from_numpy(side["curve"]) for side in (given.inputs, given.validation_inputs)
        )
        labels = torch.from_numpy(given.labels), torch.from_numpy(given.validation_labels)
        return _loop(network, (x, labels[0]), (far, labels[1]), schedule)
    finally:
        torch.set_num_threads(before)


def _loop(
    network: nn.Module,
    side: tuple[Tensor, Tensor],
    other: tuple[Tensor, Tensor],
    schedule: Schedule,
) -> float:
    import torch
    from torch.nn.functional import cross_entropy

    from training.models._batches import epoch_seed

    x, y = side
    steps = -(-len(x) // schedule.batch)
    optimiser = torch.optim.AdamW(
        network.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
    )
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, schedule.learning_rate, total_steps=schedule.epochs * steps
    )
    for epoch in range(schedule.epochs):
        seed = epoch_seed(SEED, epoch)
        torch.manual_seed(seed)
        network.train()
        order = np.random.default_rng(seed).permutation(len(x))
        for piece in np.array_split(order, steps):
            rows = torch.from_numpy(piece)
            loss = cross_entropy(network({"curve": x[rows]}), y[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
            optimiser.step()
            optimiser.zero_grad()
            rates.step()
        network.eval()
        with torch.no_grad():
            last = cross_entropy(network({"curve": other[0]}), other[1]).item()
    return last


def _network(size: Size, given: Training) -> tuple[nn.Module, Schedule]:
    """The network that ours starts from, and how both learn."""
    from importlib import import_module

    from training.models._batches import tensors
    from training.models._saving import build
    from training.models._schedule import split

    architecture = import_module(f"training.models.{size.model}").NETWORK
    schedule, options = split({n: v for n, v in _settings(size).items() if n != "search"})
    plan = architecture.plan(given, schedule, options)
    network = build(architecture, plan, given.seed)
    network.learn_statistics(tensors(given.inputs))
    return network, schedule


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


if __name__ == "__main__":
    for row in run():
        print(row)
