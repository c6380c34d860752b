"""How Prefect's server records task runs, so that none is lost at the end of a short flow."""

from __future__ import annotations

from collections.abc import Mapping

# By default each event is a transaction of its own. Of a short flow most then still wait as the
# flow ends, and a temporary server drops them. Here they wait in memory, are written each second,
# and the last ones as the server ends: in one batch, which must hold all that can wait.
RECORDER_ENVIRONMENT: Mapping[str, str] = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "10000",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",  # whole seconds
}
