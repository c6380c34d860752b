"""The bucket looked after: is everything in it what it says, and what of it is no longer needed?"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay.flows.run_name import format_run_name
from assay.store.open import default_store_url
from assay.tasks.maintenance import collect_garbage, verify_bucket


@flow(name="maintain", flow_run_name=format_run_name)
def maintain(store: str | None = None) -> State:
    """Verify the bucket and, where it is intact, collect its garbage.

    From a damaged bucket nothing is removed: what was cut off may still be wanted.
    """
    url = store or default_store_url()
    findings = verify_bucket(url)
    if not findings.intact:
        wrong = [problem for problem in findings.problems if not problem.harmless]
        said = f"{len(wrong)} problems, such as {wrong[0].kind} {wrong[0].key}; see `assay verify`"
        return Failed(name="Damaged", message=said, data=findings.as_json())
    done = collect_garbage(url)
    said = f"{findings.objects:,} objects intact, {done.deleted:,} deleted"
    both = {"verified": findings.as_json(), "collected": done.as_json()}
    return Completed(name="Maintained", message=said, data=both)
