"""Similarity and the edge of a training set's domain, against scikit-learn and by construction."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from registry.errors import BadInput
from training import domain
from training.domain import Known, comparable, domain_threshold
from training.models import Ragged


def test_similarity_is_the_cosine_and_zero_resembles_nothing():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(5, 9)), rng.normal(size=(7, 9))
    one[2] = 0
    found = Known(other.astype(np.float32)).similarity(one.astype(np.float32))
    assert found == pytest.approx(cosine_similarity(one, other), abs=1e-6)
    assert not found[2].any()


def test_the_nearest_is_the_same_however_few_are_compared_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    one, other = (rng.random((n, 9), dtype=np.float32) for n in (50, 7))
    whole = Known(other).nearest(one)
    assert whole == pytest.approx(cosine_similarity(one, other).max(axis=1), abs=1e-6)
    monkeypatch.setattr(domain, "VALUES", 3 * 7)
    assert Known(other).nearest(one) == pytest.approx(whole, abs=1e-6)
    assert not len(Known(other).nearest(one[:0]))


def test_a_second_determination_does_not_make_a_member_known():
    rng = np.random.default_rng(0)
    block = rng.random((60, 20), dtype=np.float32)
    twice = np.concatenate([block, block])
    alone = domain_threshold(block, [str(i) for i in range(60)])
    both = domain_threshold(twice, [str(i) for i in range(60)] * 2)
    assert both == pytest.approx(alone, abs=0.01)  # the percentile lies between other ranks
    assert alone < 1 - 1e-3


def test_one_in_a_hundred_training_members_lies_below():
    rng = np.random.default_rng(0)
    block = rng.random((500, 20), dtype=np.float32)
    threshold = domain_threshold(block, [str(i) for i in range(500)])
    like = cosine_similarity(block)
    np.fill_diagonal(like, -1)
    assert np.mean(like.max(axis=1) < threshold) == pytest.approx(0.01, abs=0.002)


def test_who_lacks_the_input_is_left_out_and_resembles_nothing():
    rng = np.random.default_rng(0)
    block = rng.random((60, 20), dtype=np.float32)
    groups = [str(i) for i in range(60)]
    gaps = np.insert(block, 7, np.nan, axis=0)
    with_gaps = domain_threshold(gaps, [*groups[:7], "gap", *groups[7:]])
    assert with_gaps == domain_threshold(block, groups)
    assert not Known(block).similarity(gaps[7:8]).any()
    with pytest.raises(BadInput, match="two groups or more, found 1"):
        domain_threshold(gaps[6:8], ["a", "b"])


def test_a_table_is_compared_by_mean_and_deviation_of_its_columns():
    rng = np.random.default_rng(0)
    parts = [rng.normal(i, 1 + i, (n, 3)).astype(np.float32) for i, n in enumerate((4, 0, 1, 7, 0))]
    offsets = np.cumsum([0, *map(len, parts)])
    found = comparable(Ragged(np.concatenate(parts), offsets))
    assert np.isnan(found[[1, 4]]).all()
    for i in (0, 2, 3):
        expected = np.concatenate([parts[i].mean(axis=0), parts[i].std(axis=0)])
        assert found[i] == pytest.approx(expected, abs=1e-4)
    block = rng.random((3, 2), dtype=np.float32)
    assert comparable(block) is block
