"""Phases of the thin-film library Fe-Ga-Pd from 278 measured X-ray patterns, without a teacher.

Long et al. (2009) took the patterns apart into nine non-negative constituents; Stanev et al. (2018)
let the number be chosen by stability and merged constituents that are shifted copies. The patterns
(Long et al. 2007) are those published with Kusne et al. (2020): 37 to 48 degree in steps of 0.02,
with compositions, remanent magnetisation (scanning SQUID) and, as regions, those of a phase diagram
computed from first principles, which no pattern entered.

What was fixed before anything was scored:

- The wavelength is Cu K-alpha of a laboratory diffractometer. The files do not say it; the line of
  iron-rich samples at 44.6 to 44.9 degree is then (110) of bcc iron.
- Patterns are used as published (their background is subtracted), on 221 points of Q (0.05 degree),
  each scaled to a maximum of 1. Nothing is smoothed, and nothing of the rule of NMFk was changed.
- Copies: a cosine of 0.9 or more after a strain of up to 2 %. bcc Fe-Ga alone expands by 2 % with
  as much gallium as the library has.
- The number of constituents is expected to be at least that of the computed regions in the library
  (four), and at most the nine of Long et al., after merging and with every seed.
- A map is to agree with the regions better than with the regions turned elsewhere on the triangle,
  because any smooth map agrees with any other.
"""

from __future__ import annotations

from pathlib import Path

from registry.errors import BadInput
from registry.lake import Lake
from registry.vocabulary import CU_KA
from training.definitions import DatasetDefinition, SpectrumInput, Split
from training.parts import Progress
from training.parts._library import Composition
from training.parts.phase_map import PhaseMap
from training.parts.stability import Stability
from training.parts.unmixing import Unmixing
from training.study import Study
from training.targets import Property

LIBRARY, PATTERNS = "FeGaPd", "FeGaPd_XRD.txt"
COMPOSITIONS, REGIONS, SQUID = "FeGaPd_CMP.txt", "FeGaPd_DFT_regions.txt", "FeGaPd_Mag.txt"
REGION = Property("phase region", "first principles, Kusne 2020")
CONSTITUENTS = 9
"""Of Long et al. (2009)."""
TRIANGLE = Composition(("Fe", "Ga", "Pd"))

DATASET = DatasetDefinition(
    "fe_ga_pd",
    # 2.59 to 3.31 1/angstrom is 37.1 to 47.9 degree with Cu K-alpha
    (SpectrumInput("xrd", "xrd", (2.59, 3.31, 221), measured=True),),
    target=None,
    where=f"sample_id LIKE '{LIBRARY}-%'",
    split=Split(by="sample"),
    task="unsupervised",
    entity="sample",
)


def prepare(lake: Lake, data: Path | None, progress: Progress) -> None:
    """Bring patterns, compositions, regions and magnetisation of the library into a lake.

    Args:
        lake: The lake.
        data: Folder with ``FeGaPd_XRD.txt`` in it or below it, and the other files beside it.
        progress: Called with a line for each step.

    Raises:
        BadInput: When that file is not there.
    """
    from ingest.files import ingest_files
    from ingest.labels import write_properties
    from ingest.libraries import class_labels, composition_labels, number_labels, read_column
    from ingest.readers.curve_matrix import read_compositions, sample_names
    from registry.identity import digest

    found = [] if data is None else sorted(data.rglob(PATTERNS))
    if not found:
        where = "study fe_ga_pd: data"
        raise BadInput(where, f"a folder with {PATTERNS}, measured patterns", str(data))
    folder = found[0].parent
    hints = {"technique": "xrd", "wavelength": CU_KA, "library": LIBRARY}
    hints["compositions"] = COMPOSITIONS
    report = ingest_files(lake, found[:1], hints=hints)
    told = read_compositions(folder / COMPOSITIONS)
    samples = sample_names(LIBRARY, len(told.fractions))
    sources = {name: digest((folder / name).read_bytes()) for name in (REGIONS, SQUID)}
    regions = [f"{number:.0f}" for number in read_column(folder / REGIONS)]
    labels = [
        *composition_labels(samples, told),
        *class_labels(samples, regions, REGION.name, REGION.method, sources[REGIONS]),
        *number_labels(
            samples,
            read_column(folder / SQUID),
            "remanent magnetisation (voltage, saturates at 10)",
            "scanning SQUID",
            "",
            sources[SQUID],
        ),
    ]
    written = write_properties(lake, labels).written
    progress(f"{report.stored['spectra']} new patterns, {written} new labels")


STUDY = Study(
    name="fe_ga_pd",
    title="Phase mapping of Fe-Ga-Pd",
    question="How many constituents do the X-ray patterns of a ternary library have, which of them "
    "are shifted copies, and are the regions they make those of the computed phase diagram?",
    dataset=DATASET,
    prepare=prepare,
    parts=(
        Unmixing(
            "xrd",
            TRIANGLE,
            expected=(4, CONSTITUENTS),
            claim="With every seed, NMFk and the merging of shifted copies find four (the computed "
            "regions in the library) to nine (the constituents of Long et al. 2009) constituents",
            given=CONSTITUENTS,
        ),
        PhaseMap(
            "xrd",
            TRIANGLE,
            REGION,
            claim="The map of nine factors, shifted copies merged, agrees with the computed "
            "regions better than with the same regions turned elsewhere on the triangle",
            given=CONSTITUENTS,
        ),
        Stability("xrd", CONSTITUENTS),
    ),
    seeds=(0, 1, 2, 3, 4),
    metric="explained_variance",
    allowed_leaks={
        "near-duplicate curve": "neighbours on a wafer are alike; nothing is predicted here: all "
        "samples are taken apart together, and no side of the split is scored"
    },
    reference="Long et al., Rev. Sci. Instrum. 78, 072217 (2007); Long et al., Rev. Sci. Instrum. "
    "80, 103902 (2009), doi:10.1063/1.3216809; Stanev et al., npj Comput. Mater. 4, 43 (2018), "
    "doi:10.1038/s41524-018-0099-2; Kusne et al., Nat. Commun. 11, 5966 (2020), "
    "doi:10.1038/s41467-020-19597-w",
)
