"""The nightly run as a Prefect flow, for who has no worker: docs/deploy.md.

With a worker running there is nothing to schedule but a full pass, which the worker does by itself
(FULL_PASS_CRON). Needs Prefect 3 and a checkout with `npm ci` done, in PRODUCT_EMBEDDINGS_DIR.

    python nightly.py            # serves the flow, daily at two
    python nightly.py --once     # runs it now
"""

import json
import os
import subprocess
import sys

from prefect import flow, get_run_logger, task

CHECKOUT = os.environ.get("PRODUCT_EMBEDDINGS_DIR", "/opt/product-embeddings")


@task(retries=3, retry_delay_seconds=[60, 300, 900])
def embed() -> dict:
    """Compares, encodes what differs, stores it: safe to repeat, since what is done is not done again."""
    run = subprocess.run(["npm", "run", "-s", "embed", "--", "--json"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    # 5: the pass is through, and some products could not be encoded. A retry at once would not change that.
    if run.returncode not in (0, 5):
        raise RuntimeError(f"npm run embed ended with {run.returncode}: {run.stderr[-2000:]}")
    return json.loads(run.stdout) | {"exit_code": run.returncode}


@flow(name="product-embeddings")
def nightly() -> dict:
    result = embed()
    get_run_logger().info("Generated embeddings for %s products, %s attempts failed.", result["stored"], result["failed"])
    if result["exit_code"] == 5:
        raise RuntimeError("Some products could not be encoded: select * from analytics_features.product_failures")
    return result


if __name__ == "__main__":
    if "--once" in sys.argv:
        nightly()
    else:
        nightly.serve(name="product-embeddings", cron="0 2 * * *")
