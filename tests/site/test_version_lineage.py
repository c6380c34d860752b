"""How a version came to be."""

from assay.registry.registry import Registry
from assay.site.version_lineage import read_lineage


def test_each_input_leads_to_the_earlier_step_that_made_it(bucket):
    lineage = read_lineage(bucket, Registry(bucket).find_version("guests@2"))
    by_number = {step.number: step for step in lineage.steps}
    linked = [(step, one) for step in lineage.steps for one in step.inputs if one.made_by]
    assert linked
    for step, one in linked:
        assert one.made_by < step.number
        assert one.digest in dict(by_number[one.made_by].outputs).values()


def test_the_steps_that_led_to_the_model_are_marked_and_its_rivals_are_not(bucket):
    history = Registry(bucket).history("guests")
    for version in history.versions.values():
        marked = [step.name for step in read_lineage(bucket, version).steps if step.ours]
        assert marked[0] == "ingest"
        trained = [name for name in marked if name.startswith("train ")]
        assert trained == [f"train {version.entry.body['candidate']}"]
        assert not [name for name in marked if name.startswith(("fairness", "evaluate"))]


def test_passwords_in_a_source_are_not_shown(bucket, monkeypatch):
    version = Registry(bucket).find_version("guests@2")
    record = bucket.get_json(version.artifact("run"))
    record["configuration"]["data"]["source"] = "https://ada:secret@data.example/guests.csv"
    monkeypatch.setattr(type(bucket), "get_json", lambda self, artifact: record)
    assert "secret" not in read_lineage(bucket, version).source
