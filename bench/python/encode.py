"""Loads the model, then encodes the texts of a file once for each line on standard input, and says how long that took."""

import json
import resource
import sys
import time

from model import load

texts = json.load(open(sys.argv[1]))
batch_size = int(sys.argv[2])
model = load()
model.encode(texts[:32], batch_size=batch_size)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    some = texts[: int(line)]
    started, used = time.perf_counter(), time.process_time()
    vectors = model.encode(some, batch_size=batch_size, normalize_embeddings=True)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    vectors.astype("float32").tofile(sys.argv[3])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": peak}), flush=True)
