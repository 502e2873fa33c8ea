"""Similarity and the edge of a training set's domain, against scikit-learn and by construction."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from training.domain import domain_threshold, similarity


def test_similarity_is_the_cosine_and_zero_resembles_nothing():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(5, 9)), rng.normal(size=(7, 9))
    one[2] = 0
    found = similarity(one.astype(np.float32), other.astype(np.float32))
    assert found == pytest.approx(cosine_similarity(one, other), abs=1e-6)
    assert not found[2].any()


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
