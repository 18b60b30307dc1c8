"""Runs a scenario with botocore or the AWS CLI: every call whose operation this version of the tool knows.

Arguments: `boto3` or `cli`, and the endpoint. Standard input: {"calls": [...], "saved": {...}}, as in
api-scenario.ts. Prints {"known": [...], "outputs": {operation: output}}.
"""

import contextlib
import io
import json
import re
import sys

tool, endpoint = sys.argv[1:3]
if tool == "cli":
    # First: Debian's AWS CLI puts a botocore of its own in the place of the other one.
    from awscli.clidriver import create_clidriver

import botocore.session

scenario = json.load(sys.stdin)
saved = scenario["saved"]
session = botocore.session.get_session()
model = session.get_service_model("ivs")


def resolve(value, shape):
    """The input without what this model does not have, and without what was never saved."""
    if isinstance(value, str) and value.startswith("$"):
        return saved.get(value[1:])
    if isinstance(value, dict) and shape.type_name == "structure":
        members = {
            name: resolve(item, shape.members[name])
            for name, item in value.items()
            if name in shape.members
        }
        return {name: item for name, item in members.items() if item is not None}
    if isinstance(value, list):
        return [resolve(item, shape.member) for item in value]
    return value


def call_boto3(operation, arguments):
    client = session.create_client("ivs", endpoint_url=endpoint)
    output = getattr(client, snake(operation))(**arguments)
    return {name: item for name, item in output.items() if name != "ResponseMetadata"}


def call_cli(operation, arguments):
    command = ["--endpoint-url", endpoint, "ivs", snake(operation).replace("_", "-")]
    printed, complaints = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaints):
        status = create_clidriver().main([*command, "--cli-input-json", json.dumps(arguments)])
    if status != 0:
        raise SystemExit(f"{operation}: exit status {status}: {complaints.getvalue()}")
    return json.loads(printed.getvalue() or "{}")


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


call = {"boto3": call_boto3, "cli": call_cli}[tool]
outputs = {}
for step in scenario["calls"]:
    operation = step["operation"]
    if operation not in model.operation_names:
        continue
    output = call(operation, resolve(step["input"], model.operation_model(operation).input_shape))
    outputs[operation] = output
    for name, path in step.get("save", {}).items():
        value = output
        for member in path.split("."):
            value = value[member]
        saved[name] = value
print(json.dumps({"known": model.operation_names, "outputs": outputs}, default=str))
