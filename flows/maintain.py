"""Maintain the bucket: verify it, collect its garbage, and write it as a site."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay.flows.run_name import format_run_name
from assay.store.open import default_store_url
from assay.tasks.maintenance import collect_garbage, verify_bucket, write_site


@flow(name="maintain", flow_run_name=format_run_name)
def maintain(store: str | None = None, site: str | None = None) -> State:
    """Verify the bucket and, if it is intact, collect its garbage.

    A damaged bucket loses nothing: an unreferenced object may belong to a lost reference. `site`:
    a folder into which the bucket is written as a site.
    """
    url = store or default_store_url()
    findings = verify_bucket(url)
    if not findings.intact:
        problems = [problem for problem in findings.problems if not problem.harmless]
        first = f"{problems[0].kind} {problems[0].key}"
        message = f"{len(problems)} problems, such as {first}; see `assay verify`"
        return Failed(name="Damaged", message=message, data=findings.as_json())
    done = collect_garbage(url)
    if site:
        write_site(url, site)
    return Completed(
        name="Maintained",
        message=f"{findings.objects:,} objects intact, {done.deleted:,} deleted",
        data={"verified": findings.as_json(), "collected": done.as_json()},
    )
