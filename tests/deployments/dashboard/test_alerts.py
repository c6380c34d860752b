"""Alerts fire where they should and keep silent where nothing is sure, as Prometheus has it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

RULES = Path(__file__).parents[3] / "deployments/prometheus/alerts.yml"
DAY = 86400
AT = 'instance="CASE",job="assay",use_case="guests"'
GAP = f'{{{AT},kind="realised",metric="selection_rate",group="SEX=2"'

pytestmark = pytest.mark.skipif(
    not shutil.which("promtool"), reason="needs Debian's package prometheus"
)


def gap(measure, low, high, limit):
    labels = f'{GAP},measure="{measure}"}}'
    ends = {"_low": low, "_high": high, "_limit": limit}
    return {f"assay_fairness_gap{end}{labels}": value for end, value in ends.items()}


def looked(batch, look, champion=0):
    """At what moments since the beginning; a look that was never taken is None."""
    told = {f"assay_batch_timestamp_seconds{{{AT}}}": batch}
    told |= {f"assay_champion_timestamp_seconds{{{AT}}}": champion}
    taken = f'assay_look_timestamp_seconds{{{AT},at="all"}}'
    return told if look is None else told | {taken: look}


def waits(state, flow="promote"):
    labels = f'{{{AT},flow="{flow}",state="{state}"}}'
    return {f"assay_flow_run_oldest_timestamp_seconds{labels}": 0}


CASES = {
    "a gap surely beyond": ("AssayUnfair", gap("difference", 0.12, 0.3, 0.1), True),
    "the other way": ("AssayUnfair", gap("difference", -0.3, -0.12, 0.1), True),
    "a gap that may be chance": ("AssayUnfair", gap("difference", 0.05, 0.3, 0.1), False),
    "a ratio surely below": ("AssayUnfair", gap("ratio", 0.5, 0.7, 0.8), True),
    "a ratio surely above": ("AssayUnfair", gap("ratio", 1.3, 1.5, 0.8), True),
    "a ratio that may be chance": ("AssayUnfair", gap("ratio", 0.7, 1.3, 0.8), False),
    "batches and no look": ("AssayNotWatched", looked(DAY, None), True),
    "batches since an old look": ("AssayNotWatched", looked(3 * DAY, 2 * DAY), True),
    "no batch since the look": ("AssayNotWatched", looked(DAY, 2 * DAY), False),
    "a young champion": ("AssayNotWatched", looked(9.9 * DAY, None, 9 * DAY), False),
    "an approval that waits": ("AssayApprovalWaits", waits("Paused"), True),
    "a training that runs": ("AssayApprovalWaits", waits("Running", "train"), False),
    "no worker": ("AssayNoWorker", {f'assay_workers{{{AT},pool="CASE",status="online"}}': 0}, True),
    "a worker": ("AssayNoWorker", {f'assay_workers{{{AT},pool="CASE",status="online"}}': 1}, False),
    "a damaged bucket": ("AssayBucketDamaged", {f"assay_bucket_intact{{{AT}}}": 0}, True),
    "verified long ago": (
        "AssayBucketNotVerified",
        {f"assay_bucket_verified_timestamp_seconds{{{AT}}}": 0},
        True,
    ),
    "a waiver that ends": (
        "AssayWaiverEnds",
        {f"assay_waiver_expires_timestamp_seconds{{{AT}}}": 12 * DAY},
        True,
    ),
}


@pytest.fixture(scope="module")
def firing(tmp_path_factory):
    """What fires ten days after the beginning, where every case is a set-up of its own."""
    folder = tmp_path_factory.mktemp("rules")
    shutil.copy(RULES, folder)
    series = [
        {"series": name.replace("CASE", case), "values": f"{value}x{10 * 24}"}
        for case, (_, told, _) in CASES.items()
        for name, value in told.items()
    ]
    # It expects nothing, so what it complains of is what fires.
    firing = 'ALERTS{alertstate="firing"}'
    asked = {"expr": firing, "eval_time": "239h", "exp_samples": []}
    test = {"interval": "1h", "input_series": series, "promql_expr_test": [asked]}
    told = {"rule_files": ["alerts.yml"], "evaluation_interval": "1h", "tests": [test]}
    (folder / "test.yml").write_text(json.dumps(told))
    command = ["promtool", "test", "rules", "test.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert "got:" in said, said
    return [line for line in re.findall(r"\{[^{}]*\}", said) if "alertname" in line]


@pytest.mark.parametrize(("case", "alert", "fires"), [(c, a, f) for c, (a, _, f) in CASES.items()])
def test_it_fires_where_it_should(firing, case, alert, fires):
    its = [labels for labels in firing if f'"{case}"' in labels]
    assert any(f'alertname="{alert}"' in labels for labels in its) is fires
