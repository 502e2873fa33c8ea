"""Flow: the whole line once, from files to registered models, on data that packages carry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from features.store import ComputeReport
from flows.derive import featurize, simulate
from flows.examples import write_examples
from flows.ingest import ingest
from flows.reporting import counter, report
from flows.train import train
from ingest.files import IngestReport
from ingest.simulate import SimulationReport
from registry.plugins import pick
from training.definitions import SpectrumInput
from training.studies import studies
from training.train import StudyResult

STUDY = "crystal_system"
ALSO_SIMULATED: dict[str, dict[str, float]] = {"npd": {}}
VIEWS = ["coulomb_matrix", "prdf", "soap", "rdc"]


@dataclass(frozen=True)
class QuickstartResult:
    """What each step of the quickstart did."""

    ingested: IngestReport
    simulated: list[SimulationReport]
    described: list[ComputeReport]
    trained: StudyResult


@flow(name="quickstart")
def quickstart(
    lake: str, workers: int, per_lattice: int, seeds: list[int] | None = None
) -> QuickstartResult:
    """Ingest example files, simulate, validate, describe, assemble, train and compare."""
    report("writing example files")
    folder = Path(lake) / "inputs"
    folders = write_examples(folder, per_lattice, progress=counter("writing example files"))
    wanted = [str(folders[kind]) for kind in ("structures", "measured", "broken")]
    inputs = pick(studies(), "study", STUDY).dataset.inputs
    simulated = {i.technique: i.parameters for i in inputs if isinstance(i, SpectrumInput)}
    return QuickstartResult(
        ingested=ingest(lake, wanted, workers=workers),
        simulated=simulate(lake, simulated | ALSO_SIMULATED, workers=workers),
        described=featurize(lake, VIEWS, workers=workers),
        trained=train(lake, STUDY, seeds, workers),
    )
