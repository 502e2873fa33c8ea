"""Non-negative matrix factorisation: patterns as sums of non-negative parts."""

from __future__ import annotations

from pathlib import Path

from training.models import NO_TARGET, Fitted, Model, Training
from training.models._layout import Layout
from training.models._mixing import Mixing, factorised, non_negative, refuse_count


def fit(training: Training, *, parts: int) -> Fitted:
    """Fit, starting from the singular vectors: the result does not depend on the seed.

    Args:
        training: What to learn from; the validation side is not used.
        parts: How many.

    Raises:
        BadInput: When a value is negative, or there are fewer rows or columns than parts.
    """
    layout = Layout.of(training.inputs)
    rows = non_negative(layout, training.inputs)
    refuse_count("nmf", parts, rows)
    return Mixing(layout, {"parts": factorised(rows, parts, "nndsvda", 0)[1]})


def load(folder: Path) -> Fitted:
    """Read saved parts; ModelRefused for anything else."""
    return Mixing.read(folder)


MODEL = Model(
    name="nmf",
    version="1",
    title="non-negative factors",
    min_inputs=1,
    max_inputs=8,
    settings={"parts": 9},
    fit=fit,
    load=load,
    source="Lee & Seung, Nature 401, 788 (1999), doi:10.1038/44565; Boutsidis & Gallopoulos, "
    "Pattern Recognit. 41, 1350 (2008) for the start; Long et al., Rev. Sci. Instrum. 80, "
    "103902 (2009) for phase mapping",
    tasks=NO_TARGET,
)
