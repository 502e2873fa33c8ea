"""What a fit computes on, and how precisely. Imported only when a network is fitted."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from lightning.fabric import Fabric

from training.models._run import Run


@lru_cache
def fabric_of(kind: Any) -> Fabric:
    """What finds the accelerator and computes in a precision on it.

    Its wrapper around modules is left out, because with one device it only costs time (0.4 ms a
    step); made once, because looking for plugins of Lightning takes 0.1 s.
    """
    return Fabric(accelerator="auto", devices=1, precision=kind)


def precision(run: Run) -> Any:
    """Mixed precision where an accelerator has bfloat16, single precision elsewhere."""
    able = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return "bf16-mixed" if able and run.mixed_precision else "32-true"
