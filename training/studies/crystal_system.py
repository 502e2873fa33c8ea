"""Crystal system of minerals: diffraction, pair distribution and descriptors, alone and together.

Everything that decides the outcome (claim, judging, split, grids, candidates) is fixed here,
before any model is scored.
"""

from __future__ import annotations

from training.definitions import DatasetDefinition, FeatureInput, SpectrumInput
from training.study import Candidate, Claim, Study

TREES, CNN, FUSION = "hist_gradient_boosting", "cnn1d", "fusion"

# Counted like a measurement: a model that learned from smooth curves takes noise for peaks.
COUNTED = {"background": 0.02, "counts": 2000.0}

INPUTS = (
    # 0.6 to 5.6 1/angstrom is 8.4 to 87 degree with Cu K-alpha
    SpectrumInput("xrd", "xrd", (0.6, 5.6, 501), parameters=COUNTED),
    SpectrumInput("xpdf", "xpdf", (1.0, 20.0, 381)),
    FeatureInput("coulomb_matrix", "coulomb_matrix"),
    FeatureInput("prdf", "prdf"),
    FeatureInput("soap", "soap"),
    FeatureInput("rdc", "rdc"),
)
TOGETHER = Candidate(FUSION, ("xrd", "xpdf", "soap"))
ALONE = (
    Candidate(TREES, ("xrd",)),
    Candidate(CNN, ("xrd",)),
    *(Candidate(TREES, (i.name,)) for i in INPUTS if isinstance(i, FeatureInput)),
)

STUDY = Study(
    name="crystal_system",
    title="Crystal system of minerals",
    question="Does a network that sees diffraction, PDF and local structure together tell the "
    "crystal system of a mineral better than the best model that sees one of them?",
    dataset=DatasetDefinition("crystal_system", INPUTS),
    candidates=(*ALONE, TOGETHER),
    claim=Claim(
        "Fusion of diffraction pattern, PDF and SOAP beats the best single modality "
        "in balanced accuracy on minerals never seen",
        TOGETHER.key,
        tuple(c.key for c in ALONE),
    ),
    reference="Chen et al., Chem. Phys. Rev. 2, 031301 (2021), structure from diffraction; "
    "Park et al., IUCrJ 4, 486 (2017), doi:10.1107/S205225251700714X",
)
