"""The plain limit: each column counted once, and five distances between counts.

PSI, Jensen-Shannon, Kolmogorov-Smirnov, chi-square and Wasserstein over the values of text and over
a thousand bins of numbers, whose edges are the reference's quantiles. No null, no correction.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.gates.drift.columns import NUMBERS, TEXTS, reference

BINS = 1000


def prepare(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per column of the reference: edges or values, and counts."""
    rows = pq.read_table(reference(folder) / "rows.parquet").to_pandas()
    known = {}
    for name in NUMBERS:
        edges = np.unique(np.quantile(rows[name], np.linspace(0, 1, BINS + 1)[1:-1]))
        known[name] = (edges, _binned(rows[name].to_numpy(), edges))
    for name in TEXTS:
        values, counts = np.unique(rows[name].dropna().to_numpy(str), return_counts=True)
        known[name] = (values, counts)
    return known


def work(folder: Path, known: dict[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Read the file column by column and compare."""
    shifted = 0
    for name, (values, before) in known.items():
        column = pq.read_table(
            folder / "rows.parquet", columns=[name], read_dictionary=[name] * (name in TEXTS)
        )[name]
        if name in NUMBERS:
            counts = _binned(column.to_numpy(), values)
        else:
            counts = np.zeros(len(values))
            for chunk in column.chunks:
                places = np.searchsorted(values, chunk.dictionary.to_numpy(zero_copy_only=False))
                codes = chunk.indices.drop_null().to_numpy()
                here = np.bincount(codes, minlength=len(places))
                np.add.at(counts, np.minimum(places, len(values) - 1), here)
        shifted += _distances(before / before.sum(), counts / counts.sum())["psi"] > 0.1
    return f"{shifted} of {len(known)} columns with a PSI above .1"


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)


def _distances(p: np.ndarray, q: np.ndarray) -> dict[str, float]:
    p, q = np.maximum(p, 1e-6), np.maximum(q, 1e-6)
    middle = (p + q) / 2
    return {
        "psi": float(((q - p) * np.log(q / p)).sum()),
        "js": float((p * np.log(p / middle) + q * np.log(q / middle)).sum() / 2),
        "ks": float(np.abs(np.cumsum(p - q)).max()),
        "chi2": float(((q - p) ** 2 / p).sum()),
        "wasserstein": float(np.abs(np.cumsum(p - q)).sum()),
    }
