"""What a look carries for the next, and what all looks may spend."""

from datetime import UTC, datetime

import pytest

from assay.bucket.digest import Digest
from assay.config.production import MonitoringSettings
from assay.production.monitoring.look import Look, PastLook

BODY = {
    "entry": 3, "version": 1, "look": 1, "upto": 4, "as_of": "2016-01-31T00:00:00+00:00",
    "verdict": "healthy", "reasons": [], "figures": {}, "level": 0.025,
    "report": {
        "media_type": "x", "digest": str(Digest.of_bytes(b"")), "size": 0, "name": "r",
    },
}  # fmt: skip
LACK = {"value": 0.01, "variance": 0.0001}


def look_after(*past):
    return Look(None, past, None, datetime.now(UTC), datetime.now(UTC), 0, 0)


def test_an_entry_without_evidence_reads_as_ever():
    assert PastLook.model_validate(BODY).lacks is None


@pytest.mark.parametrize("count", [0, 1, 4])
def test_looks_that_left_no_evidence_have_spent_their_part(count):
    """Looks 1 to k spent all but 1 / (k + 1) of the false alarms; half of the rest is for evidence,
    the other half for the looks to come."""
    alone = [PastLook.model_validate(BODY)] * count
    later = PastLook.model_validate(BODY | {"lacks": {"realised[roc_auc]": LACK}})
    asked = MonitoringSettings()
    for past in (alone, [*alone, later, later]):
        assert look_after(*past).evidence_level(asked) == pytest.approx(0.05 / (count + 1) / 2)
    spent = sum(look_after(*alone[:k]).false_alarm_level(asked) for k in range(count))
    to_come = (asked.false_alarms - spent) / 2
    assert spent + to_come + look_after(*alone).evidence_level(asked) == pytest.approx(0.05)
