"""Turning, mirroring, moving and renumbering a crystal change no answer; directions are seen."""

from __future__ import annotations

import ast
import csv
import pickle
import sys

import numpy as np
import pytest
import torch
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from features.materials.crystal_graph_vectors import DESCRIPTOR
from registry.errors import BadInput, Unsupported, WrongUse
from training.models import Ragged, Training, models
from training.models._batches import tensors

CUTOFF = 4.0
SMALL = {"width": 16, "radial": 6, "cutoff": CUTOFF, "hidden": 16}
STRUCTURES = [
    Structure(
        Lattice.from_parameters(3.9, 4.2, 5.3, 72, 81, 108),
        ["Fe", "S", {"S": 0.5, "O": 0.25}],
        [[0.1, 0.2, 0.3], [0.61, 0.83, 0.02], [-1.2, 0.6, 2.7]],
    ),
    Structure(Lattice.cubic(4.1), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    Structure(Lattice.hexagonal(3.2, 5.2), ["Zn", "Zn", "O"], np.diag([0.3, 0.6, 0.9])),
    Structure(
        Lattice.orthorhombic(3.1, 4.4, 5.0),
        ["Mg", "Si", "O"],
        [[0, 0, 0], [0.5, 0.4, 0], [0, 0.5, 0.6]],
    ),
]


@pytest.fixture(autouse=True, scope="module")
def _installed():
    pytest.importorskip("e3nn", reason="e3nn is not installed (extra: graphs)")


def graphs(structures) -> dict[str, Ragged]:
    settings = DESCRIPTOR.settings(cutoff=CUTOFF)
    return table([DESCRIPTOR.run(s, settings).astype(np.float32) for s in structures])


def table(pieces) -> dict[str, Ragged]:
    offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in pieces])]).astype(np.int64)
    return {"graph": Ragged(np.concatenate(pieces), offsets)}


@pytest.fixture(scope="module")
def fitted():
    inputs, rng = graphs(STRUCTURES * 4), np.random.default_rng(0)
    targets = np.tile(rng.normal(size=(4, 3)), (4, 1))
    data = Training(inputs, targets, inputs, targets, task="regression")
    return models()["equivariant"].train(data, **SMALL, epochs=6, batch=8, learning_rate=1e-2)


def turned(structure, turn):
    lattice = structure.lattice.matrix @ turn.T
    return Structure(lattice, structure.species_and_occu, structure.frac_coords)


@pytest.mark.parametrize("seed", range(6))
def test_answers_are_the_same_for_a_crystal_turned_mirrored_moved_and_renumbered(fitted, seed):
    rng = np.random.default_rng(seed)
    turn = Rotation.random(rng=rng).as_matrix() * rng.choice([-1, 1])
    changed = []
    for structure in STRUCTURES:
        other = turned(structure, turn)
        other.translate_sites(range(len(other)), rng.uniform(-2, 2, 3), to_unit_cell=False)
        changed.append(Structure.from_sites([other[n] for n in rng.permutation(len(other))]))
    expected = fitted.predict(graphs(STRUCTURES)).mean
    assert np.ptp(expected, axis=0).min() > 0.1  # it has learnt to tell them apart
    assert fitted.predict(graphs(changed)).mean == pytest.approx(expected, abs=2e-4)


def test_a_larger_cell_is_the_same_crystal(fitted):
    larger = [
        s.make_supercell([[1, 1, 0], [-1, 1, 0], [0, 0, 1]], in_place=False) for s in STRUCTURES
    ]
    expected = fitted.predict(graphs(STRUCTURES)).mean
    assert fitted.predict(graphs(larger)).mean == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("seed", range(4))
def test_what_sites_carry_inside_turns_with_the_crystal(fitted, seed):
    from training.models._graphs import graph_of

    turn = torch.from_numpy(Rotation.random(rng=seed).as_matrix() * (-1) ** seed).float()

    def carried(structures):
        with torch.no_grad():
            return fitted.network.carried(graph_of(tensors(graphs(structures))["graph"]))

    before = carried(STRUCTURES)
    after = carried([turned(s, turn.double().numpy()) for s in STRUCTURES])
    step = fitted.network.steps[0]
    assert {(part.ir.l, part.ir.p) for part in step.irreps} == {(0, 1), (1, -1), (2, 1)}
    expected = before[0] @ step.irreps.D_from_matrix(turn).T
    assert torch.allclose(after[0], expected, atol=1e-4)
    # and are no scalars in disguise
    assert not torch.allclose(after[0], before[0], atol=1e-2)
    assert torch.allclose(after[1], before[1], atol=1e-4)


def angles(seed: int, n: int) -> tuple[dict[str, Ragged], np.ndarray]:
    """A site with two neighbours as far as each other; what varies is the angle between them."""
    rng = np.random.default_rng(seed)
    cosine = rng.uniform(-1, 1, n)
    pieces = []
    for c in cosine:
        turn = Rotation.random(rng=rng).as_matrix()
        arms = 2.0 * np.array([[1, 0, 0], [c, np.sqrt(1 - c * c), 0]]) @ turn.T
        rows = np.zeros((4, 11))
        rows[:, :2] = [[0, 1], [0, 2], [1, 0], [2, 0]]
        rows[:, 5], rows[:, 6:8] = 2.0, 8
        rows[:, 8:] = np.concatenate([arms, -arms])
        pieces.append(rows.astype(np.float32))
    return table(pieces), cosine


def test_angles_are_seen_where_distances_say_nothing():
    (inputs, y), (other, w), (unseen, truth) = angles(0, 160), angles(1, 40), angles(2, 80)
    data = Training(inputs, y, other, w, task="regression")

    def error(name, **settings):
        found = models()[name].train(data, epochs=15, learning_rate=1e-2, **settings)
        return ((found.predict(unseen).mean[:, 0] - truth) ** 2).mean() / truth.var()

    assert error("equivariant", **SMALL) < 0.1
    assert error("cgcnn", width=8, steps=2) > 0.9


def test_an_edge_comes_and_goes_without_a_jump(fitted):
    graph = graphs(STRUCTURES[1:2])["graph"].values
    far = graph[:2].copy()
    far[:, 8:] *= (CUTOFF - 1e-3) / far[:, 5:6]
    far[:, 5] = CUTOFF - 1e-3
    with_it = fitted.predict(table([np.concatenate([graph, far])])).mean
    assert with_it == pytest.approx(fitted.predict(table([graph])).mean, abs=1e-5)


def test_vectors_that_do_not_fit_their_distances_are_refused(fitted):
    wrong = graphs(STRUCTURES[:1])
    wrong["graph"].values[3, 8:] *= 1.1
    with pytest.raises(BadInput, match=r"as long as their distance.*found 1 of"):
        fitted.predict(wrong)


def test_graphs_without_vectors_are_refused_before_training(problems):
    data = problems.training(problems.crystals, sizes=(20, 10))
    with pytest.raises(Unsupported, match=r"a ragged table of width 11, found .* width 8"):
        models()["equivariant"].train(data)


@pytest.mark.parametrize("wrong", [{"order": -1}, {"steps": 0}, {"cutoff": 0.0}])
def test_settings_that_cannot_be_are_named(wrong, problems):
    data = problems.training(problems.pointing_crystals, sizes=(20, 10))
    with pytest.raises(WrongUse, match="order 0 or more"):
        models()["equivariant"].train(data, **wrong)


def test_it_crosses_to_another_process(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    inputs = graphs(STRUCTURES)
    assert np.array_equal(again.predict(inputs).mean, fitted.predict(inputs).mean)
    assert again.history == fitted.history


def test_without_the_library_it_is_said_what_to_install(fitted, monkeypatch, tmp_path, problems):
    fitted.save(tmp_path)
    for part in ("o3", "nn", "math"):
        monkeypatch.setitem(sys.modules, f"e3nn.{part}", None)
    data = problems.training(problems.pointing_crystals, sizes=(20, 10))
    for work in (
        lambda: models()["equivariant"].train(data),
        lambda: models()["equivariant"].load(tmp_path),
    ):
        with pytest.raises(Unsupported, match=r"scatterlake\[graphs\]"):
            work()


def phonons(shared_data, n: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Graphs and densities of states of small cells, drawn by seed."""
    csv.field_size_limit(10**7)
    path = shared_data / "phonon-dos-e3nn-chen2021" / "data.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    found, densities = [], []
    settings = DESCRIPTOR.settings(cutoff=CUTOFF)
    for place in np.random.default_rng(0).permutation(len(rows)):
        cell = ast.literal_eval(rows[place]["structure"])
        if len(cell["numbers"]) > 6:
            continue
        structure = Structure(
            cell["cell"], cell["numbers"], cell["positions"], coords_are_cartesian=True
        )
        try:
            found.append(DESCRIPTOR.run(structure, settings).astype(np.float32))
        except Unsupported:  # a site without a neighbour so near
            continue
        densities.append(ast.literal_eval(rows[place]["phdos"]))
        if len(found) == n:
            break
    return found, np.array(densities)


def test_it_learns_densities_of_states_of_phonons_better_than_their_mean(shared_data):
    pieces, y = phonons(shared_data, 260)
    sides = [table(pieces[a:b]) for a, b in ((0, 160), (160, 190), (190, 260))]
    data = Training(sides[0], y[:160], sides[1], y[160:190], task="regression")
    quick = {"epochs": 12, "batch": 16, "learning_rate": 1e-2, "target_scale": "all"}
    fitted = models()["equivariant"].train(data, **{**SMALL, "hidden": 64}, **quick)
    said, truth = fitted.predict(sides[2]).mean, y[190:]
    naive = ((truth - y[:160].mean(axis=0)) ** 2).mean()
    assert ((said - truth) ** 2).mean() < 0.9 * naive
