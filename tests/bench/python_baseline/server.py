#!/usr/bin/env python3
"""What a team would build in a week: gRPC on Python threads, scikit-learn, consent in Redis.

Serves Assign of assent.v1.AssignmentService on the messages of proto/assent/v1, one event a call, so that the same load
generator measures both. It does less than assentd: no pseudonym, no margin, no membership, no metrics.

    server.py --protos FOLDER_OF_PB2 --redis-socket PATH [--k 256] [--dim 64] [--subjects 1000000] [--threads 8]

Prints "ready PORT" when it serves.
"""

import argparse
import os
import signal
import sys
import threading
from concurrent import futures

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one event at a time: more threads only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import grpc  # noqa: E402
import numpy  # noqa: E402
import redis  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402

FILL_CHUNK = 20_000


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protos", required=True, help="folder with assent/v1/*_pb2.py")
    parser.add_argument("--redis-socket", required=True)
    parser.add_argument("--k", type=int, default=256)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--subjects", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=8)
    return parser.parse_args()


def fitted_model(k, dim):
    """A KMeans with random centroids: what predict() costs does not depend on where they came from."""
    random = numpy.random.default_rng(1)
    model = KMeans(n_clusters=k, n_init=1, max_iter=1, random_state=1)
    model.fit(random.standard_normal((4 * k, dim)).astype(numpy.float32))
    model.cluster_centers_ = random.standard_normal((k, dim)).astype(numpy.float32)
    return model


def fill_consent(store, subjects):
    for start in range(0, subjects, FILL_CHUNK):
        end = min(start + FILL_CHUNK, subjects)
        store.mset({f"consent:bench:s{i:09d}:1": "granted" for i in range(start, end)})


class Assigner:
    def __init__(self, arguments, messages, decision):
        self.messages = messages
        self.assigned = decision.OUTCOME_ASSIGNED
        self.refused = decision.OUTCOME_NO_CONSENT
        self.store = redis.Redis(unix_socket_path=arguments.redis_socket, max_connections=arguments.threads * 2)
        self.model = fitted_model(arguments.k, arguments.dim)
        self.segments = [(f"segment-{i}", f"Segment {i}") for i in range(arguments.k)]
        fill_consent(self.store, arguments.subjects)

    def assign(self, request, _context):
        subject = request.subject
        granted = self.store.get(f"consent:{subject.namespace}:{subject.id}:{request.purpose}")
        if granted != b"granted":
            return self.messages.AssignResponse(outcome=self.refused, reason="consent.none")
        event = numpy.array([request.features.dense], dtype=numpy.float32)
        segment_id, label = self.segments[int(self.model.predict(event)[0])]
        response = self.messages.AssignResponse(outcome=self.assigned)
        response.segments.add(segment_id=segment_id, label=label)
        return response


def main():
    arguments = parse_arguments()
    sys.path.insert(0, arguments.protos)
    from assent.v1 import assignment_service_pb2 as messages
    from assent.v1 import decision_pb2 as decision

    assigner = Assigner(arguments, messages, decision)
    handlers = grpc.method_handlers_generic_handler(
        "assent.v1.AssignmentService",
        {
            "Assign": grpc.unary_unary_rpc_method_handler(
                assigner.assign,
                request_deserializer=messages.AssignRequest.FromString,
                response_serializer=messages.AssignResponse.SerializeToString,
            )
        },
    )
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=arguments.threads))
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server.start()
    print(f"ready {port}", flush=True)
    stop.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
