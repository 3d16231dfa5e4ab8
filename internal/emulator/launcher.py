"""Starts MiniStack with what it lacks for a proof under enforced IAM.

Without this, CloudWatch calls in CBOR and some Lambda calls are authenticated
but not authorised, or authorised as a neighbouring action.
"""

import cbor2
from ministack import app
from ministack.core import iam_actions, iam_evaluator

# Lambda operations whose IAM action has another name.
LAMBDA_ACTIONS = {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}

iam_actions._BOTOCORE_SERVICE_MAP.update({"account": ["account"], "lambda": ["lambda"]})
extract_iam_action = iam_actions.extract_iam_action
safe_json_field = iam_actions._safe_json_field
request_tag_context = iam_actions.request_tag_context
dispatch = app._dispatch_service_request


def action(service, method, path, headers, body, query):
    if service == "monitoring" and "/operation/" in path:
        return "cloudwatch:" + path.rsplit("/operation/", 1)[1].strip("/")
    if service == "lambda":
        operation = iam_actions._match_rest_action("lambda", method, path, query)
        if operation:
            return "lambda:" + LAMBDA_ACTIONS.get(operation, operation)
    return extract_iam_action(service, method, path, headers, body, query)


def cbor_field(body, field):
    try:
        return cbor2.loads(body).get(field, "") or ""
    except Exception:  # not CBOR either: the field is not there
        return ""


def field(body, name):
    if name == "RuleName":  # EventBridge's ListTargetsByRule calls it Rule
        return safe_json_field(body, name) or safe_json_field(body, "Rule")
    try:
        return safe_json_field(body, name)
    except UnicodeDecodeError:
        return cbor_field(body, name)


def context(service, iam_action, body, params):
    values = request_tag_context(service, iam_action, body, params)
    namespace = cbor_field(body, "Namespace") if service == "monitoring" else ""
    return {**values, "cloudwatch:namespace": namespace} if namespace else values


def only_authorise(handler):
    """The proxy asks whether a call is allowed without having it carried out."""
    async def handle(method, path, headers, body, query):
        if headers.get("x-emulator-authorise-only"):
            return 204, {"x-emulator-authorised": "true"}, b""
        return await handler(method, path, headers, body, query)

    return handle


async def name_principal(method, path, headers, *rest):
    """The proxy records who called: only the emulator knows whose key it is."""
    status, answer, body = await dispatch(method, path, headers, *rest)
    if app.AUTH:
        answer["x-emulator-principal"] = iam_evaluator.caller_arn()
    return status, answer, body


iam_actions.extract_iam_action = action
iam_actions._safe_json_field = field
iam_actions.request_tag_context = context
app._dispatch_service_request = name_principal
app.SERVICE_HANDLERS.update({k: only_authorise(h) for k, h in app.SERVICE_HANDLERS.items()})
app.main()
