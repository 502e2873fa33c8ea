"""A simulated ternary beside Fe-Ga-Pd: what the methods find where the truth is known.

Patterns of 200 samples of the simulator ``ternary_xrd``: six real crystals, an invented phase
diagram with solid solutions whose lines shift by up to 2 %, counting noise. So the number of
phases, the share of each in every pattern and the boundaries are known. Nothing found here is
claimed of a measurement.

What was fixed before anything was scored:

- 301 points of Q, 18.4 to 47.7 degree with Cu K-alpha; each pattern is scaled to a maximum of 1.
- NMFk may choose up to 16 constituents, because lines that shift take several for one phase, and
  repeats each number eight times from two starts, for the sake of time; its rule is unchanged.
- Copies: a cosine of 0.9 or more after a strain of up to 2 %, as in the study of Fe-Ga-Pd.
- Claims: the number after merging is six, with every seed; NMFk and merging misplace less intensity
  than plain factors whose number is that of the phases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ingest.simulators import ternary_xrd
from registry.lake import Lake
from training.definitions import DatasetDefinition, SpectrumInput, Split
from training.parts import Progress
from training.parts._library import Composition
from training.parts.phase_map import PhaseMap
from training.parts.recovery import Recovery
from training.parts.stability import Stability
from training.parts.unmixing import Unmixing
from training.study import Study
from training.targets import Property

SIMULATOR, DRAWS, SEED = "ternary_xrd", 200, 7
PHASES = tuple(crystal.name for crystal in ternary_xrd.PHASES)
METHOD = "known of the simulation"
MAIN = Property("main phase", METHOD)
SHARES = tuple(Property(f"share of {phase}", METHOD) for phase in PHASES)
TRIANGLE = Composition(ternary_xrd.COMPONENTS)
NMFK = {"most": 16, "repetitions": 8, "starts": 2}
OF_STUDY = f"producer = '{SIMULATOR}' AND CAST(parameters->>'draw_seed' AS INTEGER) = {SEED}"

DATASET = DatasetDefinition(
    "known_ternary",
    (SpectrumInput("xrd", "xrd", (1.31, 3.29, 301)),),
    target=None,
    where=OF_STUDY,
    split=Split(),
    task="unsupervised",
    entity="spectrum",
)


def prepare(lake: Lake, _: Path | None, progress: Progress) -> None:
    """Simulate the samples and write what is known of them.

    Args:
        lake: The lake.
        _: No file is needed.
        progress: Called with a line for each step.
    """
    from ingest.labels import Label, write_properties
    from ingest.simulate import simulate

    report = simulate(lake, SIMULATOR, draws=DRAWS, seed=SEED)
    rows = lake.sql(f"SELECT spectrum_id, parameters FROM spectra WHERE {OF_STUDY}").to_pylist()
    labels = []
    for row in rows:
        settings: dict[str, Any] = json.loads(row["parameters"])
        known, entity = ternary_xrd.truth(settings), row["spectrum_id"]
        main = PHASES[int(known.intensities.argmax())]
        labels.append(Label(entity, MAIN.name, MAIN.method, text=main))
        for component, share in zip(TRIANGLE.components, known.composition, strict=True):
            labels.append(Label(entity, component, TRIANGLE.method, value=float(share)))
        for of, share in zip(SHARES, known.intensities, strict=True):
            labels.append(Label(entity, of.name, of.method, value=float(share)))
    written = write_properties(lake, labels).written
    progress(f"{report.simulated} patterns simulated, {written} new labels")


STUDY = Study(
    name="known_ternary",
    title="A simulated ternary with known phases",
    question="Where phases, amounts and boundaries are known and lines shift with composition: "
    "does taking patterns apart find them, and does merging shifted copies help?",
    dataset=DATASET,
    prepare=prepare,
    parts=(
        Unmixing(
            "xrd",
            TRIANGLE,
            expected=(len(PHASES), len(PHASES)),
            claim="With every seed, NMFk and the merging of shifted copies find six constituents, "
            "as many as there are phases",
            given=len(PHASES),
            settings=NMFK,
        ),
        Recovery(
            "xrd",
            TRIANGLE,
            PHASES,
            SHARES,
            claim="NMFk and the merging of shifted copies misplace less intensity than plain "
            "factors whose number is that of the phases",
            settings=NMFK,
        ),
        PhaseMap(
            "xrd",
            TRIANGLE,
            MAIN,
            claim="The map of six factors, shifted copies merged, agrees with the true main phases "
            "better than with the same regions turned elsewhere on the triangle",
            given=len(PHASES),
            settings=NMFK,
        ),
        Stability("xrd", len(PHASES)),
    ),
    seeds=(0, 1, 2, 3, 4),
    metric="explained_variance",
    reference="Stanev et al., npj Comput. Mater. 4, 43 (2018), doi:10.1038/s41524-018-0099-2, who "
    "try their method on a simulated ternary of six phases likewise",
)
