"""Which candidates of a study are meant by names: its own, or algorithms it did not list."""

from __future__ import annotations

from collections.abc import Sequence

from registry.errors import NotFound, WrongUse
from training.fitting import model_of
from training.models import Model, models
from training.models._checks import complete_settings
from training.study import Candidate, Study


def chosen(study: Study, names: Sequence[str] | None) -> list[Candidate]:
    """Candidates by name; all of the study's own when there are no names.

    Args:
        study: The study.
        names: Each the key of a candidate (``fusion on xrd+soap``) or the name of an algorithm. An
            algorithm among the study's candidates means those; another one is given every
            choice of inputs that the study's candidates read and that it can take.

    Raises:
        NotFound: For a name that is no algorithm, or inputs the dataset does not have.
        WrongUse: When an algorithm takes none of the choices of inputs.
    """
    if names is None:
        return list(study.candidates)
    found = {c.key: c for name in names for c in _meant(study, name)}
    own = [c.key for c in study.candidates if c.key in found]
    return [found[key] for key in [*own, *(key for key in found if key not in own)]]


def is_committed(study: Study, candidate: Candidate) -> bool:
    """Whether a study committed itself to a candidate before anything was scored.

    Settings are compared when they are complete: a card has them all.
    """
    given = complete_settings(model_of(candidate), candidate.settings)
    return any(
        own.key == candidate.key and complete_settings(model_of(own), own.settings) == given
        for own in study.candidates
    )


def _meant(study: Study, name: str) -> list[Candidate]:
    own = [c for c in study.candidates if name in (c.model, c.key)]
    if own:
        return own
    algorithm, on, inputs = name.partition(" on ")
    known = models()
    if algorithm not in known:
        listed = [text for c in study.candidates for text in (c.model, c.key)]
        raise NotFound(f"candidate of {study.name}", name, [*{*listed, *known}])
    if on:
        candidate = Candidate(algorithm, tuple(part.strip() for part in inputs.split("+")))
        for each in candidate.inputs:
            study.dataset.input(each)
        model_of(candidate)
        return [candidate]
    return _given(study, known[algorithm])


def _given(study: Study, model: Model) -> list[Candidate]:
    choices = list(dict.fromkeys(c.inputs for c in study.candidates))
    if not choices:
        choices = [tuple(i.name for i in study.dataset.inputs)]
    able = [c for c in choices if model.min_inputs <= len(c) <= model.max_inputs]
    if not able:
        takes = f"{model.min_inputs} to {model.max_inputs} inputs"
        asked = f"{model.name!r} on inputs of its choice, as in '{model.name} on a+b' ({takes})"
        raise WrongUse(f"candidate of {study.name}", asked, repr(model.name))
    return [Candidate(model.name, inputs) for inputs in able]
