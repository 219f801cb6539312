"""Runs the conformance cases with Debian's Python gRPC client.

    conformance.py CASES STUBS DATA_PLANE CONTROL_PLANE

STUBS is a folder with the code that protoc made from proto/. tests/conformance/README.md explains the cases.
"""

import json
import pathlib
import sys

import grpc
from google.protobuf import json_format

sys.path.insert(0, sys.argv[2])

from assent.v1 import assignment_service_pb2, assignment_service_pb2_grpc  # noqa: E402
from assent.v1 import consent_service_pb2, consent_service_pb2_grpc  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402

DEADLINE_S = 30
ANSWER_CHARACTERS = 2000  # of an answer that is shown
CODES = {code.value[0]: code.name for code in grpc.StatusCode}


def error_info(details):
    """{reason, field} of the one ErrorInfo in a google.rpc.Status; {} where there is none."""
    for detail in details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return {"reason": info.reason, "domain": info.domain, **dict(info.metadata)}
    return {}


def to_json(message):
    result = json_format.MessageToDict(message, including_default_value_fields=True, preserving_proto_field_name=True)
    if message.DESCRIPTOR.name == "StreamAssignResponse" and message.HasField("error"):
        result["error"] = {"code": CODES[message.error.code], **error_info(message.error.details)}
    return result


class Client:
    def __init__(self, data_plane, control_plane):
        self.stubs = {
            "AssignmentService": (assignment_service_pb2,
                                  assignment_service_pb2_grpc.AssignmentServiceStub(grpc.insecure_channel(data_plane))),
            "ConsentService": (consent_service_pb2,
                               consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(control_plane))),
        }

    def call(self, step):
        """Returns {"response": …}, {"responses": […]} or {"error": {code, reason, field, …}}."""
        method = step["call"]
        for messages, stub in self.stubs.values():
            if hasattr(stub, method):
                break
        request_type = getattr(messages, method + "Request")
        try:
            if "requests" in step:
                requests = [json_format.ParseDict(request, request_type()) for request in step["requests"]]
                answers = getattr(stub, method)(iter(requests), timeout=DEADLINE_S)
                return {"responses": [to_json(answer) for answer in answers]}
            request = json_format.ParseDict(step["request"], request_type())
            return {"response": to_json(getattr(stub, method)(request, timeout=DEADLINE_S))}
        except grpc.RpcError as failure:
            details = dict(failure.trailing_metadata() or ()).get("grpc-status-details-bin")
            info = {}
            if details:
                status = status_pb2.Status.FromString(details)
                assert CODES[status.code] == failure.code().name, "the status and its details disagree"
                info = error_info(status.details)
            return {"error": {"code": failure.code().name, **info}}


def matches(expected, actual, where):
    """Yields what is wrong. Objects match when each named member does; `$` objects are predicates."""
    if isinstance(expected, dict):
        predicate = next((key for key in expected if key.startswith("$")), None)
        if predicate == "$length":
            if not isinstance(actual, list) or len(actual) != expected["$length"]:
                yield f"{where}: wanted {expected['$length']} entries, got {actual}"
        elif predicate == "$above":
            if not isinstance(actual, (int, float)) or not actual > expected["$above"]:
                yield f"{where}: wanted more than {expected['$above']}, got {actual}"
        elif predicate == "$near":
            if not isinstance(actual, (int, float)) or abs(actual - expected["$near"]) > expected["within"]:
                yield f"{where}: wanted {expected['$near']} within {expected['within']}, got {actual}"
        elif predicate == "$set":
            if (actual not in (None, "", [], {})) != expected["$set"]:
                yield f"{where}: wanted it {'set' if expected['$set'] else 'unset'}, got {actual}"
        elif predicate:
            yield f"{where}: unknown predicate {predicate}"
        elif not isinstance(actual, dict):
            yield f"{where}: wanted an object, got {actual}"
        else:
            for key, value in expected.items():
                yield from matches(value, actual.get(key), f"{where}.{key}")
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            yield f"{where}: wanted {len(expected)} entries, got {actual}"
        else:
            for i, value in enumerate(expected):
                yield from matches(value, actual[i], f"{where}[{i}]")
    elif expected != actual:
        yield f"{where}: wanted {expected!r}, got {actual!r}"


def sum_complaints(rule, response):
    """`over`: a list; `member`: a number of each entry; `to`: members of the response that the sum equals, added up."""
    total = sum(entry[rule["member"]] for entry in response[rule["over"]])
    wanted = sum(-response[name[1:]] if name.startswith("-") else response[name] for name in rule["to"])
    if abs(total - wanted) > 1e-9 * max(1.0, abs(wanted)):
        yield f"{rule['member']} sums to {total}, wanted {wanted}"


def substitute(value, saved):
    if isinstance(value, dict):
        if "$repeat" in value:
            return value["$repeat"] * value["times"]
        return {key: substitute(entry, saved) for key, entry in value.items()}
    if isinstance(value, list):
        return [substitute(entry, saved) for entry in value]
    if isinstance(value, str):
        for name, text in saved.items():
            value = value.replace("${" + name + "}", text)
    return value


def run_step(client, step, saved):
    step = substitute(step, saved)
    outcome = client.call(step)
    complaints = list(matches(step["expect"], outcome, step["call"]))
    if complaints:
        complaints.append(f"answered {json.dumps(outcome)[:ANSWER_CHARACTERS]}")
    if not complaints:
        for rule in step.get("sums", []):
            complaints += sum_complaints(rule, outcome["response"])
        for name, path in step.get("save", {}).items():
            value = outcome["response"]
            for part in path.split("."):
                value = value[part]
            saved[name] = value
    return complaints


def main():
    client = Client(sys.argv[3], sys.argv[4])
    failed = 0
    cases = json.loads(pathlib.Path(sys.argv[1]).read_text())["cases"]
    for number, case in enumerate(cases):
        saved = {"subject": f"case-{number}"}
        for index, step in enumerate(case["steps"]):
            complaints = run_step(client, step, saved)
            if complaints:
                failed += 1
                print(f"FAIL {case['name']}, step {index + 1}")
                print("".join(f"     {complaint}\n" for complaint in complaints), end="")
                break
        else:
            print(f"ok   {case['name']}")
    print(f"python: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
