"""The question of ``bench_question`` in numbers, for every store and every Python that answers it.

Mean intensity between Q1 and Q2 for all Fe-containing materials below 100 K: the mean over the
curves of each curve's mean over the points with Q1 <= Q <= Q2.
"""

ELEMENT = "Fe"
"""Its letters are in no other symbol: a search in text finds it as well."""
BELOW = 100.0
"""Temperature of the sample (K)."""
Q1, Q2 = 1.0, 2.0
"""Window (1/angstrom)."""
