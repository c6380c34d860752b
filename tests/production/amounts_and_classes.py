"""Champions that answer how much or which of several, with the rows that they answer."""

import numpy as np
import pandas as pd

from tests.production.made import Living, written

CLASSES = ("none", "minor", "killed")
ROWS = 1200


class AmountsLiving(Living):
    def truth(self, rows):
        return rows[self.case.data.target.column].to_numpy(float)

    def answers(self, rows):
        said = rows["said_prediction"].to_numpy(float)
        return {"prediction": said, "low": said - 3, "high": said + 3}


class ClassesLiving(Living):
    def truth(self, rows):
        return rows[self.case.data.target.column].to_numpy(object)

    def answers(self, rows):
        found = {f"probability_{one}": rows[f"said_{one}"].to_numpy(float) for one in CLASSES}
        decision = rows["said_decision"].to_numpy(object)
        return {**found, "decision": decision, "set": decision}


def pay(start, seed, *, noise=1.0, noisy=0.5, scale=1.0, rows=ROWS):
    """Hourly pay whose error is three times as large in shops; `noisy`: the share of shops."""
    rng = np.random.default_rng(seed)
    hours, shop = rng.normal(size=rows), rng.random(rows) < noisy
    expected = 20 + 3 * hours
    error = rng.normal(size=rows) * np.where(shop, 3.0, 1.0) * noise
    return pd.DataFrame(
        {
            "person": np.arange(start, start + rows),
            "hours": hours,
            "place": np.where(shop, "shop", "office"),
            "sex": rng.choice(["f", "m"], rows),
            "pay": scale * (expected + error),
            "said_prediction": scale * expected,
        }
    )


def harm(start, seed, *, swapped=0.0, rows=ROWS):
    """Three classes with their true probabilities; of `swapped` rows another class comes true."""
    rng = np.random.default_rng(seed)
    speed = rng.normal(size=rows)
    pull = np.column_stack([-speed, np.zeros(rows), speed - 0.5])
    probability = np.exp(pull) / np.exp(pull).sum(axis=1, keepdims=True)
    truth = (rng.random(rows)[:, None] > probability.cumsum(axis=1)).sum(axis=1).clip(max=2)
    truth = np.where(rng.random(rows) < swapped, (truth + 1) % 3, truth)
    frame = pd.DataFrame(
        {
            "person": np.arange(start, start + rows),
            "speed": speed,
            "sex": rng.choice(["f", "m"], rows),
            "harm": np.array(CLASSES, object)[truth],
            "said_decision": np.array(CLASSES, object)[probability.argmax(axis=1)],
        }
    )
    return frame.assign(**{f"said_{one}": probability[:, i] for i, one in enumerate(CLASSES)})


def amounts(scale=1.0, rows=None, **sections):
    data = {"target": {"column": "pay", "unit": "dollars"}, "identity": ["person"]}
    asked = {"drift": {"margin": 0.3, "metrics": ["mae", "rmse"]}, "monitor": {"rows": 500}}
    groups = {"sex": {"reference": "m"}}
    case = written("pay", data | {"sensitive": groups}, **asked | sections)
    rows = pay(0, 0, scale=scale) if rows is None else rows
    return AmountsLiving.begin(case, rows, np.ones(len(rows), bool))


def classes(**sections):
    target = {"column": "harm", "classes": CLASSES, "ordered": True}
    data = {"target": target, "identity": ["person"], "sensitive": {"sex": {}}}
    metrics = ["accuracy", "macro_f1", "roc_auc_ovr"]
    asked = {"drift": {"margin": 0.15, "metrics": metrics}, "monitor": {"rows": 500}}
    case = written("harm", data, **asked | sections)
    return ClassesLiving.begin(case, harm(0, 0), np.ones(ROWS, bool))
