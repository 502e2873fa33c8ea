"""From rows to registered models: datasets, splits, models, evaluation, registration."""
