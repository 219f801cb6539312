"""What the tests share that kill assentd while callers write: stubs, and threads whose errors are not lost."""

import importlib
import sys
import threading

import grpc

DEADLINE_S = 30


class Modules:
    """The code of proto/assent/v1 that make_stubs left in `folder`: modules.consent, modules.consent_grpc, …"""

    def __init__(self, folder):
        sys.path.insert(0, folder)
        for name in ("assignment", "backup", "consent", "subject"):
            setattr(self, name, importlib.import_module(f"assent.v1.{name}_service_pb2"))
            setattr(self, name + "_grpc", importlib.import_module(f"assent.v1.{name}_service_pb2_grpc"))
        self.decision = importlib.import_module("assent.v1.decision_pb2")
        self.purpose = importlib.import_module("assent.v1.purpose_pb2")


class Stubs:
    """Of one life of a server: each on a channel of its own, because an old one may still wait to connect again."""

    def __init__(self, server, modules):
        self.assignment = modules.assignment_grpc.AssignmentServiceStub(grpc.insecure_channel(server.data))
        control = grpc.insecure_channel(server.control)
        self.backup = modules.backup_grpc.BackupServiceStub(control)
        self.consent = modules.consent_grpc.ConsentServiceStub(control)
        self.subject = modules.subject_grpc.SubjectServiceStub(control)


def until_dead(work):
    """Calls work() until the server does not answer any more."""
    try:
        while True:
            work()
    except grpc.RpcError as failure:
        if failure.code() != grpc.StatusCode.UNAVAILABLE:
            raise


def assigned(person, purpose, stubs, modules):
    """Whether consent lets an Assign through, whatever the model then says."""
    request = modules.assignment.AssignRequest(subject=person, purpose=purpose, features={"dense": [60.0, 7.0]})
    answer = stubs.assignment.Assign(request, timeout=DEADLINE_S)
    return answer.outcome not in (modules.decision.OUTCOME_NO_CONSENT, modules.decision.OUTCOME_OPTED_OUT)


def in_threads(work, argument_lists):
    """Starts work(*arguments) for each list at the same time; join() raises the first error of any."""
    errors = []

    def guarded(arguments):
        try:
            work(*arguments)
        except Exception as error:  # raised by join, in the main thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(arguments,)) for arguments in argument_lists]
    for thread in threads:
        thread.start()
    return threads, errors


def join(threads, errors):
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
