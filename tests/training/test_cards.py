"""A model card is complete or refused, when it is written and when it is read."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from registry.errors import BadInput, ModelRefused
from registry.identity import digest
from training.cards import CARD, WEIGHTS, WHENCE, Card, read_card
from training.definitions import FeatureInput, SpectrumInput
from training.mlmodel import MLMODEL

SIGNATURE = {
    "inputs": [
        {
            "name": "xrd",
            "kind": "spectrum",
            "source": "xrd",
            "shape": [120],
            "unit": "",
            "axis": {"quantity": "Q", "unit": "1/angstrom", "low": 0.6, "high": 5.6},
        },
        {
            "name": "soap",
            "kind": "feature",
            "source": "soap",
            "shape": [12],
            "unit": "",
            "axis": None,
        },
    ],
    "output": {"name": "crystal_system", "kind": "probabilities", "width": 2, "unit": ""},
}
COMPLETE = Card(
    study="minerals",
    algorithm="mlp",
    algorithm_version="1",
    settings={"epochs": 3},
    inputs=(SpectrumInput("xrd", "xrd", (0.6, 5.6, 120)), FeatureInput("soap", "soap")),
    predicts="crystal_system",
    class_names=("cubic", "hexagonal"),
    manifest=digest("dataset"),
    seeds=(0,),
    metrics={
        "validation": (0.9, 0.0),
        "test": (0.8, 0.0),
        "measured": None,
        "repetitions": [{"seed": 0}],
    },
    baselines={"naive": 0.5, "nearest": 0.7, "shuffled": 0.5},
    domain_threshold=0.9,
    data_licences=("CC0",),
    code_version="0.1.0",
    signature=SIGNATURE,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / WEIGHTS).mkdir()
    (tmp_path / WEIGHTS / "weights.safetensors").write_bytes(b"weights")
    return tmp_path


def forged(folder, **changes) -> str:
    """A card with other fields and a digest that fits; a field of ... is left out."""
    value = json.loads((folder / CARD).read_text()) | changes
    text = json.dumps({name: v for name, v in value.items() if v is not ...})
    (folder / CARD).write_text(text)
    return digest(text)


def test_a_complete_card_is_read_back_as_it_was_written(folder):
    found = read_card(folder, COMPLETE.write(folder))
    assert found.files.keys() == {"weights.safetensors"}
    assert found.metrics.pop("validation") == [0.9, 0.0]
    assert (found.signature, found.inputs) == (SIGNATURE, COMPLETE.inputs)


@pytest.mark.parametrize("name", [name for name in vars(COMPLETE) if name != "format"])
def test_every_missing_field_is_named(folder, name):
    COMPLETE.write(folder)
    with pytest.raises(ModelRefused, match=f"not a complete model card: .*'{name}'.* required"):
        read_card(folder, forged(folder, **{name: ...}))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"licence": ""}, "licence"),
        ({"data_licences": ()}, "data_licences"),
        ({"manifest": "no digest"}, "manifest"),
        ({"metrics": {**COMPLETE.metrics, "test": None}}, "metrics.test"),
        ({"metrics": {"validation": (1.0, 0.0), "test": (1.0, 0.0)}}, "metrics: 'measured'"),
        ({"baselines": {"naive": 0.5, "nearest": 0.7}}, "baselines: 'shuffled'"),
        ({"baselines": {**COMPLETE.baselines, "naive": math.nan}}, "baselines.naive: nan"),
        ({"seeds": ()}, "seeds"),
        ({"metric": "luck"}, "metric: 'luck' is not one of"),
        ({"class_names": ("cubic",)}, r"signature.output.width: 2, but there are 1 classes"),
        ({"inputs": COMPLETE.inputs[::-1]}, "signature.inputs: .*are not the inputs"),
        (
            {"inputs": (SpectrumInput("xrd", "xrd", (0.6, 5.6, 99)), COMPLETE.inputs[1])},
            r"xrd of shape \[120\], not as its grid",
        ),
    ],
)
def test_every_wrong_field_is_named_and_nothing_is_written(folder, changes, named):
    with pytest.raises(BadInput, match=named):
        replace(COMPLETE, **changes).write(folder)
    assert not (folder / CARD).exists()


def test_several_faults_are_told_at_once(folder):
    with pytest.raises(BadInput, match=r"(?=.*licence)(?=.*seeds)(?=.*algorithm)"):
        replace(COMPLETE, licence="", seeds=(), algorithm="").write(folder)


def test_a_field_that_no_card_has_and_a_card_that_is_none_are_refused(folder):
    COMPLETE.write(folder)
    with pytest.raises(ModelRefused, match="'run_me' was unexpected"):
        read_card(folder, forged(folder, run_me="rm"))
    (folder / CARD).write_text("[]")
    with pytest.raises(ModelRefused, match="not an object"):
        read_card(folder, digest("[]"))


def test_a_card_without_signature_is_refused(folder):
    with pytest.raises(BadInput, match="signature: missing"):
        replace(COMPLETE, signature=None).write(folder)


def test_a_card_of_a_newer_scatterlake_says_so(folder):
    COMPLETE.write(folder)
    with pytest.raises(ModelRefused, match=r"format: 4, written by a newer scatterlake"):
        read_card(folder, forged(folder, format=4, luck=1))


@pytest.mark.parametrize("parent", ["minerals", "minerals/", "/3", "minerals@champion"])
def test_a_parent_is_a_version(folder, parent):
    with pytest.raises(BadInput, match="parent"):
        replace(COMPLETE, parent=parent).write(folder)


def test_what_mlflow_wrote_beside_a_card_is_passed_over(folder):
    known = replace(COMPLETE, parent="minerals/3").write(folder)
    (folder / WHENCE).write_text("model_name: another")
    assert read_card(folder, known).parent == "minerals/3"
    (folder / MLMODEL).unlink()
    with pytest.raises(ModelRefused, match=r"missing files .*MLmodel"):
        read_card(folder, known)


def test_a_card_from_before_there_were_formats_is_read(folder):
    COMPLETE.write(folder)
    third = dict.fromkeys(("parent", "leaks", "mlmodel"), ...)
    (folder / MLMODEL).unlink()
    assert read_card(folder, forged(folder, format=2, **third)).format == 2
    second = ("format", "signature", "task", "unit", "metric", "reliability")
    unknown = {**third, **dict.fromkeys(second, ...)}
    assert read_card(folder, forged(folder, **unknown)).format == 1
    COMPLETE.write(folder)
    with pytest.raises(ModelRefused, match="'licence' is a required"):
        read_card(folder, forged(folder, **unknown, licence=...))
