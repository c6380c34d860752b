"""Contributions: exact where they can be known, and of each row alone."""

import itertools

import numpy as np
import pandas as pd
import pytest

from assay.production.reasons.contributions import Background, measure_contributions


def rows(count, seed=0):
    source = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "a": source.integers(0, 5, count).astype(float),
            "b": source.normal(size=count).round(2),
            "c": pd.Series(source.choice(["x", "y", "z"], count), dtype="str"),
            "d": np.where(source.random(count) < 0.3, np.nan, source.integers(0, 3, count)),
        }
    )


def parts(frame):
    """An additive model's part of each column, (rows, columns)."""
    return np.column_stack(
        [
            2 * frame["a"],
            frame["b"] ** 2,
            frame["c"].map({"x": 0.0, "y": 5.0, "z": -1.0}),
            frame["d"].fillna(7.0),
        ]
    )


def additive(frame):
    return parts(frame).sum(axis=1)[:, None]


def entangled(frame):
    return (
        frame["a"] * frame["b"] + np.where(frame["c"] == "x", frame["d"].fillna(4), 0)
    ).to_numpy()[:, None]


def contributions(measure, held, background, outputs=None):
    outputs = np.zeros(len(held), np.int64) if outputs is None else outputs
    return measure_contributions(measure, held, measure(held), outputs, background)


def drawn(measure, count=16, pool=400):
    held = rows(pool, seed=1)
    return Background.draw(held, measure(held), count, seed=7)


def test_parts_that_add_up_are_told_exactly():
    held, background = rows(50), drawn(additive)
    found = contributions(additive, held, background)
    expected = parts(held) - parts(background.rows).mean(axis=0)
    assert found == pytest.approx(expected, abs=1e-7)


def test_contributions_sum_to_the_answer_minus_the_usual_one():
    held, background = rows(50), drawn(entangled)
    found = contributions(entangled, held, background).sum(axis=1)
    expected = entangled(held)[:, 0] - background.answers.mean()
    assert found == pytest.approx(expected, abs=1e-6)


def shapley(measure, row, other):
    """Shapley values of one row against one other, by all orders of the columns."""
    names, total = list(row.columns), np.zeros(row.shape[1])
    orders = list(itertools.permutations(range(len(names))))
    for order in orders:
        mixed = row.copy()
        for place in order:
            before = measure(mixed)[0, 0]
            mixed[names[place]] = other[names[place]].to_numpy()
            total[place] += before - measure(mixed)[0, 0]
    return total / len(orders)


def test_many_orders_come_to_the_exact_shapley_values():
    row, pool = rows(1, seed=5), rows(1, seed=6)
    source = np.random.default_rng(3)
    orders = np.array([source.permutation(4) for _ in range(300)])
    same = pool.iloc[[0] * 300]
    background = Background(same, entangled(same), orders)
    found = contributions(entangled, row, background)[0]
    assert found == pytest.approx(shapley(entangled, row, pool), abs=0.15)


def test_a_rows_contributions_do_not_depend_on_its_batch():
    held, background = rows(60), drawn(entangled)
    whole = contributions(entangled, held, background)
    for some in (slice(0, 1), slice(7, 30), slice(59, 60)):
        alone = contributions(entangled, held.iloc[some], background)
        assert (alone == whole[some]).all()


def test_what_a_library_rounds_by_the_size_of_a_batch_changes_nothing():
    def rounding(frame):
        return additive(frame) * (1 + 1e-15 * len(frame))

    held, background = rows(60), drawn(additive)
    whole, alone = (contributions(rounding, h, background) for h in (held, held.head(3)))
    assert (alone == whole[:3]).all()


def test_the_order_of_rows_changes_nothing():
    held, background = rows(40), drawn(entangled)
    whole, back = (contributions(entangled, h, background) for h in (held, held.iloc[::-1]))
    assert (whole == back[::-1]).all()


def test_of_several_outputs_the_chosen_one_is_explained():
    def both(frame):
        return np.column_stack([additive(frame)[:, 0], entangled(frame)[:, 0]])

    held, chosen = rows(30), np.arange(30) % 2
    background = drawn(both)
    found = contributions(both, held, background, chosen)
    for output, one in enumerate((additive, entangled)):
        single = Background(background.rows, one(background.rows), background.orders)
        mine = chosen == output
        assert found[mine] == pytest.approx(contributions(one, held, single)[mine], abs=1e-6)


def test_a_column_that_the_model_ignores_has_no_part():
    def first(frame):
        return 3 * frame["a"].to_numpy()[:, None]

    found = contributions(first, rows(30), drawn(first))
    assert (found[:, 1:] == 0).all()
    assert (found[:, 0] != 0).any()


def test_the_background_stands_for_all_answers():
    held = rows(400, seed=1)
    background = Background.draw(held, additive(held), 16, seed=7)
    ranks = additive(held)[:, 0].argsort().argsort()[background.rows.index]
    assert np.diff(np.sort(ranks)) == pytest.approx(25, abs=1)  # answers may be equal
    assert sorted(background.orders[0]) == [0, 1, 2, 3]
