"""Answers from plain scikit-learn parts, by the rule in `schema.json`. Needs no Assay.

This file is copied into every exported model. `load_folder` reads one. `ExportedModel.predict`
takes a pandas frame with the columns that the schema names and returns the model's answers, a row
each. MLflow loads the same through `_load_pyfunc`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS_AT_ONCE = 1 << 16
MAX_NUMBER = 1e30  # larger numbers are taken for this one, so that no scaler overflows
MISSING_GROUP = "(missing)"


class ExportedModel:
    """Fitted parts by name, and the schema: inputs, groups, outputs and the rule that decides."""

    def __init__(self, parts: dict[str, Any], schema: dict[str, Any]) -> None:
        self.parts = parts
        self.schema = schema

    @property
    def columns(self) -> list[str]:
        """The columns that `predict` needs."""
        entries = [*self.schema["inputs"], *self.schema["groups"]]
        return list(dict.fromkeys(entry["name"] for entry in entries))

    def predict(self, frame: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's protocol
        """The answers on the frame's own index, in the columns of the schema's outputs.

        Raises ValueError for absent columns and for values that are not of the schema's type.
        """
        if absent := [name for name in self.columns if name not in frame.columns]:
            raise ValueError(f"the rows lack the columns {', '.join(absent)}")
        rows = pd.DataFrame(
            {
                entry["name"]: cast_column(frame[entry["name"]], entry)
                for entry in self.schema["inputs"]
            },
            index=frame.index,
        )
        groups = group_labels(frame, self.schema["groups"]) if self.schema["groups"] else None
        rule = self.schema["rule"]
        answer, drawn = (
            _ANSWERS[rule["kind"]],
            rule["kind"] == "yes_no" and bool({"groups", "lottery"} & {*rule}),
        )
        blocks = []
        for start in range(0, len(rows) or 1, ROWS_AT_ONCE):
            block = slice(start, start + ROWS_AT_ONCE)
            known = None if groups is None else groups[block]
            draws = row_draws(rows.iloc[block]) if drawn else None
            blocks.append(answer(self.parts, rule, dates_to_days(rows.iloc[block]), known, draws))
        return pd.concat(blocks)


def load_folder(folder: str | Path) -> ExportedModel:
    """The model of an exported folder, its file held against SHA256SUMS first."""
    folder = Path(folder)
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    file = folder / schema["file"]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if (
        f"{digest}  {file.name}"
        not in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    ):
        raise ValueError(f"{file.name} is not the file that was exported: see SHA256SUMS")
    if file.suffix == ".skops":
        from skops.io import load

        return ExportedModel(load(file, trusted=schema["trusted_types"]), schema)
    import joblib

    return ExportedModel(joblib.load(file), schema)


def _load_pyfunc(path: str) -> ExportedModel:
    """What MLflow's pyfunc calls with the folder of the data."""
    return load_folder(path)


# --- reading and casting ----------------------------------------------------------------------


def read_rows(path: str | Path, schema: dict[str, Any]) -> pd.DataFrame:
    """The rows of a Parquet file, or of a CSV as the use case reads it."""
    if str(path).endswith((".parquet", ".pq")):
        return pd.read_parquet(path)
    how = schema["reading"]
    text = pd.read_csv(
        path,
        dtype=str,
        keep_default_na=False,
        na_values=how["missing"],
        sep=how["delimiter"],
        encoding=how["encoding"],
    )
    entries = {entry["name"]: entry for entry in [*schema["groups"], *schema["inputs"]]}
    return text.assign(
        **{n: _parse_text(text[n], entries[n], how) for n in text.columns if n in entries}
    )


def _parse_text(column: pd.Series, entry: dict[str, Any], how: dict[str, Any]) -> pd.Series:
    if entry["type"] in {"integer", "number"}:
        if how["thousands"]:
            column = column.str.replace(how["thousands"], "", regex=False)
        return pd.to_numeric(column.str.replace(how["decimal"], ".", regex=False))
    if entry["type"] == "boolean":
        lowered = column.str.strip().str.lower()
        yes, no = lowered.isin(["true", "t", "yes", "1"]), lowered.isin(["false", "f", "no", "0"])
        if (odd := ~(yes | no | column.isna())).any():
            raise ValueError(f"{entry['name']} holds {column[odd].iloc[0]!r}, which is no boolean")
        return yes.astype(object).where(yes | no, None)
    if entry["type"] == "date":
        how_written = how["dates"].get(entry["name"], "iso")
        if how_written in {"s", "ms", "us", "ns"}:
            return pd.to_datetime(pd.to_numeric(column), unit=how_written)
        return pd.to_datetime(column, format="ISO8601" if how_written == "iso" else how_written)
    return column


def cast_column(column: pd.Series, entry: dict[str, Any]) -> pd.Series:
    """float64, `str` or datetime64[us], as the fitted parts take it."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    try:
        if entry["type"] in {"text", "category"}:
            return column.astype("str")
        if entry["type"] == "date":
            dates = pd.to_datetime(column)
            if dates.dt.tz is not None:
                dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
            return dates.astype("datetime64[us]")
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{entry['name']} should be {entry['type']}: {error}") from None
    finite = np.where(np.isinf(numbers), np.nan, numbers)
    return pd.Series(np.clip(finite, -MAX_NUMBER, MAX_NUMBER), index=column.index)


def dates_to_days(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with dates as days since 1970, float64, NaN where missing."""
    dates = [str(name) for name in rows if pd.api.types.is_datetime64_dtype(rows[name].dtype)]
    days = {n: (rows[n] - pd.Timestamp(0).as_unit("us")) / pd.Timedelta(days=1) for n in dates}
    return rows.assign(**days)


def group_labels(frame: pd.DataFrame, entries: list[dict[str, Any]]) -> np.ndarray:
    """The text label of each row's group, such as "Female" or "Female & 30-50"."""
    labels = [[_quote(label) for label in _labels(frame[e["name"]], e)] for e in entries]
    return np.array([" & ".join(row) for row in zip(*labels, strict=True)], dtype=object)


def _labels(column: pd.Series, entry: dict[str, Any]) -> list[str]:
    if not entry["bins"]:
        return [_label(value) for value in column.astype(object)]
    values = column.astype(object).to_numpy(dtype=float, na_value=np.nan)
    codes = np.searchsorted(entry["bins"], values, side="right")
    known = [entry["bin_labels"][min(code, len(entry["bins"]))] for code in codes]
    return [MISSING_GROUP if np.isnan(v) else label for v, label in zip(values, known, strict=True)]


def _label(value: Any) -> str:
    if pd.isna(value):
        return MISSING_GROUP
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)


def _quote(label: str) -> str:
    return f'"{label}"' if " & " in label else label


# --- answers, by the kind of rule -------------------------------------------------------------


def _yes_no(parts: Any, rule: Any, rows: pd.DataFrame, groups: Any, draws: Any) -> pd.DataFrame:
    """A yes where the calibrated probability reaches the threshold, or as the rules decide."""
    probability = np.asarray(parts["classifier"].predict_proba(rows)[:, 1], dtype=np.float64)
    if rule["threshold"] is None:
        decision = np.asarray(parts["classifier"].predict(rows)) == 1
    else:
        decision = probability >= rule["threshold"]
    for group, (share, constant, limits) in rule.get("groups", {}).items():
        here = np.asarray(groups == group)
        yes = np.zeros(int(here.sum()))
        for weight, sign, limit in limits:
            yes += weight * _COMPARE[sign](probability[here], limit)
        decision[here] = draws[here] < share * constant + (1.0 - share) * yes
    if "lottery" in rule:
        matrix = parts["prepare"].transform(rows)
        drawn: Any = sum(
            share * (np.asarray(parts[name].predict(matrix)).reshape(-1) == 1)
            for share, name in rule["lottery"]
        )
        decision = draws < drawn
    answers = {"probability": probability, "decision": decision}
    if "abstain" in rule:
        answers |= _leave_to_person(rule["abstain"], probability, decision)
    return pd.DataFrame(answers, index=rows.index)


def _leave_to_person(
    rule: Any, probability: np.ndarray, decision: np.ndarray
) -> dict[str, np.ndarray]:
    """The machine decides where its decision is the only plausible answer, else a person does."""
    missing = np.isnan(probability)
    yes = (probability >= rule["yes_from"]) | missing
    no = (probability <= rule["no_to"]) | missing
    machine = (yes != no) & (decision == yes)
    said = np.where(decision, "yes", "no")
    cases = [machine, yes & no, ~yes & ~no]
    reasons = ["", "both answers are plausible", "neither answer is plausible"]
    against = "the decision is not the plausible answer"
    return {
        "answer": np.where(machine, said, "person").astype(object),
        "why": np.select(cases, reasons, default=against).astype(object),
    }


def _classes(parts: Any, rule: Any, rows: pd.DataFrame, groups: Any, _: Any) -> pd.DataFrame:
    """The class of least expected cost (plus the group's threshold, where it has one), each
    class's probability, and the set of likely ones.
    """
    labels, costs = rule["labels"], np.array(rule["costs"], dtype=np.float64)
    found = np.asarray(parts["classifier"].predict_proba(rows), dtype=np.float64)
    sums = found.sum(axis=1, keepdims=True)
    sound = np.isfinite(found).all(axis=1) & (found >= 0).all(axis=1)
    sound &= np.isclose(sums[:, 0], 1.0, atol=1e-6)
    even = np.full(found.shape, 1 / len(labels))
    whole = np.divide(found, sums, out=even, where=sound[:, None])
    equal = np.array_equal(costs, costs.max() * (1.0 - np.eye(len(costs))))
    charged = whole @ costs
    for group, thresholds in rule.get("groups", {}).items():
        charged[groups == group] += np.array(thresholds)
    plain = equal and "groups" not in rule
    decided = whole.argmax(axis=1) if plain else charged.argmin(axis=1)
    members = 1 - whole <= np.array(rule["limits"])
    empty = np.flatnonzero(~members.any(axis=1))
    members[empty, whole[empty].argmax(axis=1)] = True
    names = np.array(labels, dtype=object)
    columns = {"decision": pd.Series(names[decided], index=rows.index, dtype="str")}
    for code, label in enumerate(labels):
        shown = np.where(sound, whole[:, code], np.nan)
        columns[f"probability_{label}"] = pd.Series(shown, index=rows.index)
    sets = ["|".join(names[held]) for held in members]
    columns["set"] = pd.Series(sets, index=rows.index, dtype="str")
    return pd.DataFrame(columns)


def _amounts(parts: Any, rule: Any, rows: pd.DataFrame, *_: Any) -> pd.DataFrame:
    """An amount, and an interval as wide as errors are where the row lies."""
    values = np.asarray(parts["pipeline"].predict(rows), dtype=np.float64)
    finite = np.isfinite(values)
    spread = np.ones(len(rows))
    if "spread_model" in parts and len(rows):
        known = parts["encoder"].transform(rows) if "encoder" in parts else np.empty((len(rows), 0))
        seen = [np.asarray(known, dtype=np.float64), np.where(finite, values, 0.0)]
        spread = parts["spread_model"].predict(np.column_stack(seen))
    back = np.exp if rule["log"] else np.asarray
    with np.errstate(over="ignore"):
        centre = values if rule["centre"] is None else values + spread * rule["centre"]
        found = {
            "prediction": back(centre) * (rule["smearing"] if rule["centre"] is None else 1.0),
            "low": back(values + spread * rule["low"]),
            "high": back(values + spread * rule["high"]),
        }
    whole = finite & np.isfinite(np.column_stack(list(found.values()))).all(axis=1)
    answers = {name: np.where(whole, column, np.nan) for name, column in found.items()}
    return pd.DataFrame(answers, index=rows.index)


_ANSWERS = {"yes_no": _yes_no, "classes": _classes, "amounts": _amounts}
_COMPARE: dict[str, Any] = {">": np.greater, ">=": np.greater_equal, "<": np.less}


# --- a draw for each row, from its values alone -----------------------------------------------


def row_draws(rows: pd.DataFrame) -> np.ndarray:
    """A number in [0, 1) for each row: the same row draws the same, whatever its batch."""
    seed = _mix(np.full(1, 0x6C6F7474657279, np.uint64))[0]
    hashes = np.full(len(rows), seed, np.uint64)
    for name in rows.columns:
        hashes = _mix(hashes ^ _value_hashes(rows[name]))
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _value_hashes(column: pd.Series) -> np.ndarray:
    absent, missing = column.isna().to_numpy(), np.uint64(0x6D697373696E6721)
    if pd.api.types.is_float_dtype(column.dtype):
        values = column.to_numpy()
        whole = (values >= -(2.0**63)) & (values < 2.0**63) & (np.trunc(values) == values)
        words = np.where(whole, values, 0.0).astype(np.int64).view(np.uint64)
        fraction = values.view(np.uint64) ^ np.uint64(0x6672616374696F6E)
        return _mix(np.where(whole, words, np.where(absent, missing, fraction)))
    if pd.api.types.is_datetime64_dtype(column.dtype):
        words = column.to_numpy().astype("datetime64[us]").view(np.int64).view(np.uint64)
        return _mix(np.where(absent, missing, words))
    import xxhash

    texts = [b"" if gone else str(v).encode() for v, gone in zip(column, absent, strict=True)]
    hashes = np.fromiter(map(xxhash.xxh3_64_intdigest, texts), np.uint64, len(texts))
    return np.where(absent, _mix(np.full(1, missing, np.uint64))[0], hashes)


def _mix(words: np.ndarray) -> np.ndarray:
    """SplitMix64's output function (Steele, Lea and Flood 2014); wraps around at 2**64."""
    with np.errstate(over="ignore"):
        words = words + np.uint64(0x9E3779B97F4A7C15)
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = words ^ (words >> np.uint64(31))
    return mixed
