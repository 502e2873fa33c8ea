"""What was learned from it: datasets, models, predictions."""

from __future__ import annotations

from registry.schema import COUNT, FLAG, REAL, TEXT, TEXTS, WHEN, Column, Schema

DATASETS = Schema(
    "datasets",
    ("manifest",),
    "assembled datasets",
    (
        Column("manifest", TEXT, "", "hash of definition, members and their content"),
        Column("dataset", TEXT, "", "name"),
        Column("definition", TEXT, "", "JSON"),
        Column("snapshot", TEXT, "", "table versions it was read at, JSON"),
        Column("target", TEXT, "", "what is predicted"),
        Column("n_train", COUNT, "", "members to train on"),
        Column("n_validation", COUNT, "", "members to choose on"),
        Column("n_test", COUNT, "", "members to judge on"),
        Column("left_out", TEXT, "", "how many candidates were left out and why, JSON"),
        Column("created_at", WHEN, "", "when"),
    ),
    derived=(
        Column("stale", FLAG, "", "a member, or a spectrum read for it, is retracted or stale"),
    ),
)


DATASET_MEMBERS = Schema(
    "dataset_members",
    ("manifest", "entity_id"),
    "who is in which dataset and split",
    (
        Column("manifest", TEXT, "", "dataset"),
        Column("entity_id", TEXT, "", "material, sample or spectrum: what the definition says"),
        Column("group", TEXT, "", "members of one group are never split"),
        Column("split", TEXT, "", "train, validation or test"),
        Column("label", TEXT, "", "value of the target"),
        Column("spectra", TEXTS, "", "spectrum ids read for it"),
        Column("views", TEXTS, "", "view ids read for it"),
    ),
    sort=("manifest", "split"),
)


MODELS = Schema(
    "models",
    ("model", "version"),
    "registered model versions, mirrored from MLflow",
    (
        Column("model", TEXT, "", "registered name"),
        Column("version", COUNT, "", "version"),
        Column("run_id", TEXT, "", "MLflow run"),
        Column("study", TEXT, "", "study it was trained for"),
        Column("algorithm", TEXT, "", "file in training/models"),
        Column("predicts", TEXT, "", "target"),
        Column("inputs", TEXTS, "", "techniques and feature views it reads"),
        Column("manifest", TEXT, "", "dataset it was trained on"),
        Column("metric", TEXT, "", "name of the score"),
        Column("score_simulated", REAL, "", "on held-out simulated data, mean over seeds"),
        Column("score_simulated_std", REAL, "", "standard deviation over seeds"),
        Column("score_measured", REAL, "", "on measured data, or null when there is none"),
        Column("gap", REAL, "", "simulated minus measured score, or null"),
        Column("baseline_naive", REAL, "", "most frequent class"),
        Column("baseline_nearest", REAL, "", "nearest neighbour on the same input"),
        Column("control_shuffled", REAL, "", "same model, shuffled labels"),
        Column("n_train", COUNT, "", "members trained on"),
        Column("n_parameters", COUNT, "", "trainable parameters, or null"),
        Column("train_seconds", REAL, "s", "training time, mean over seeds"),
        Column("code_version", TEXT, "", "version of scatterlake"),
        Column("artifact_digest", TEXT, "", "digest over the model's files"),
        Column("alias", TEXT, "", "champion, challenger, retired or null"),
        Column("reason", TEXT, "", "why the alias was given or not"),
        Column("created_at", WHEN, "", "when"),
    ),
    replaced=True,
    derived=(Column("stale", FLAG, "", "something it was trained on is retracted or stale"),),
)


PREDICTIONS = Schema(
    "predictions",
    ("model", "version", "entity_id"),
    "what models answered",
    (
        Column("model", TEXT, "", "registered name"),
        Column("version", COUNT, "", "version"),
        Column("entity_id", TEXT, "", "material, sample or spectrum"),
        Column("value", TEXT, "", "most probable answer"),
        Column("probability", REAL, "", "the model's own probability of it"),
        Column("alternatives", TEXT, "", "all answers with probability, JSON"),
        Column("likely", TEXTS, "", "classes of the conformal set, most probable first"),
        Column("low", REAL, "", "lower end of the conformal interval, null where unbounded"),
        Column("high", REAL, "", "upper end of it, in the unit of the target"),
        Column("level", REAL, "", "share of truths that such sets and intervals hold"),
        Column("similarity", REAL, "", "cosine to the training member most like the input"),
        Column("out_of_domain", FLAG, "", "similarity below that of 99 % of the training members"),
        Column("predicted_at", WHEN, "", "when"),
    ),
    sort=("model", "version"),
    derived=(Column("stale", FLAG, "", "of a stale model or a retracted entity"),),
)
