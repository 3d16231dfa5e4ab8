"""Starts MiniStack with what it lacks for a proof under enforced IAM, and of alarms.

Without this, CloudWatch calls in CBOR and some Lambda calls are authenticated
but not authorised, or authorised as a neighbouring action; alarms over several
metrics are refused or lose them; and what an alarm publishes is not AWS's message.
"""

import ast
import hashlib
import json
import os
import sys
import time
import types
import uuid
from urllib.parse import parse_qs

import cbor2
from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.services import cloudwatch, eventbridge, iam, lambda_svc, scheduler, sns, sqs
from ministack.services.cloudformation import provisioners


def absent():
    """What this file uses or patches of the emulator's own, and this version does not have."""
    own = {name: value for name, value in globals().items() if isinstance(value, types.ModuleType) and value.__name__.startswith("ministack")}
    used = set()
    with open(__file__, encoding="utf-8") as source:
        for node in ast.walk(ast.parse(source.read())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.add((node.value.id, node.attr))
            if isinstance(node, ast.Tuple) and len(node.elts) == 3 and isinstance(node.elts[0], ast.Name) and isinstance(node.elts[1], ast.Constant):
                used.add((node.elts[0].id, node.elts[1].value))  # a line of PATCHES
    return sorted(f"{own[module].__name__}.{name}" for module, name in used if module in own and not hasattr(own[module], name))


if absent():  # another version may have renamed them: then nothing here holds
    sys.exit("this version of the emulator has no " + ", ".join(absent()) + ": launcher.py needs them")

# Lambda operations whose IAM action has another name.
LAMBDA_ACTIONS = {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}

# Services that are known here only for who may call them, with the prefix of their X-Amz-Target.
ELSEWHERE = {"application-autoscaling": "AnyScaleFrontendService", "servicequotas": "ServiceQuotasV20190624"}

# Regions as the messages of alarms name them, for people.
REGIONS = {"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "eu-west-1": "EU (Ireland)"}

iam_actions._BOTOCORE_SERVICE_MAP.update({"account": ["account"], "lambda": ["lambda"]})
extract_iam_action = iam_actions.extract_iam_action
safe_json_field = iam_actions._safe_json_field
request_tag_context = iam_actions.request_tag_context
extract_resource_arn = iam_actions.extract_resource_arn
dispatch = app._dispatch_service_request
alarm_record = provisioners._cw_metric_alarm_record
put_metric_alarm = cloudwatch._put_metric_alarm
handlers = provisioners._RESOURCE_HANDLERS
physical_name = provisioners._physical_name
make_role = handlers["AWS::IAM::Role"]["create"]
list_metrics = cloudwatch._list_metrics
table_arns = iam_actions.dynamodb_resource_arns
receive_for_function = sqs._receive_messages_for_esm
run_on_messages = lambda_svc._run_sqs_batch
create_schedule = scheduler._create_schedule

# Messages that a function is at work on, by their ids.
in_hand = set()


def action(service, method, path, headers, body, query):
    if service == "monitoring" and "/operation/" in path:
        return "cloudwatch:" + path.rsplit("/operation/", 1)[1].strip("/")
    if service == "lambda":
        operation = iam_actions._match_rest_action("lambda", method, path, query)
        if operation:
            return "lambda:" + LAMBDA_ACTIONS.get(operation, operation)
    return extract_iam_action(service, method, path, headers, body, query)


def resource(service, method, path, headers, body, query, region, account):
    """What a call is about of a service that the proxy stands in for, and of those on several alarms or on tags."""
    if service == "monitoring" and path.endswith("/operation/TagResource"):
        return cbor_field(body, "ResourceARN")
    if service == "monitoring" and path.endswith("/operation/DeleteAlarms"):
        # Each has to be allowed: a grant on all names that begin so is one on what they begin with in common.
        return f'arn:aws:cloudwatch:{region}:{account}:alarm:{os.path.commonprefix(list(cbor_field(body, "AlarmNames")))}'
    if service == "monitoring" and path.endswith("Dashboard"):
        return f'arn:aws:cloudwatch::{account}:dashboard/{cbor_field(body, "DashboardName")}'
    if service == "monitoring" and path.endswith("/operation/DeleteDashboards"):
        return f'arn:aws:cloudwatch::{account}:dashboard/{os.path.commonprefix(list(cbor_field(body, "DashboardNames")))}'
    if service == "lambda" and method in ("PUT", "DELETE") and path.endswith("/provisioned-concurrency"):
        # Of these AWS judges the alias or the version, never the function alone.
        qualifier = query.get("Qualifier", "")
        qualifier = qualifier[0] if isinstance(qualifier, list) and qualifier else qualifier
        return extract_resource_arn(service, method, path, headers, body, query, region, account) + (f":{qualifier}" if qualifier else "")
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation == "RequestServiceQuotaIncrease":
        return f'arn:aws:servicequotas:{region}:{account}:{safe_json_field(body, "ServiceCode")}/{safe_json_field(body, "QuotaCode")}'
    if operation == "RegisterScalableTarget":
        return f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/{uuid.uuid4()}"
    return extract_resource_arn(service, method, path, headers, body, query, region, account)


async def lacking(method, path, headers, body, query):
    """Such a service is known here only for who may call it."""
    return 400, {"content-type": "application/json"}, b'{"__type": "UnknownOperationException", "message": "It has no emulator."}'


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


def tables(body, region, account):
    """What a DynamoDB call is about; those on tags call the table ResourceArn."""
    arn = safe_json_field(body, "ResourceArn")
    return [arn] if arn else table_arns(body, region, account)


def context(service, iam_action, body, params):
    values = request_tag_context(service, iam_action, body, params)
    namespace = cbor_field(body, "Namespace") if service == "monitoring" else ""
    if namespace:
        values = {**values, "cloudwatch:namespace": namespace}
    if iam_action == "application-autoscaling:RegisterScalableTarget":
        scaled = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
        values = {**values, **{"application-autoscaling:" + key: safe_json_field(body, name) for key, name in scaled.items()}}
    return values


def begin_at_once(name, asked):
    """A rate schedule without a start date is due as soon as it is there."""
    before = set(scheduler._schedules._data)
    answer = create_schedule(name, asked)
    for key, made in scheduler._schedules._data.items():
        if key not in before and not made.get("StartDate") and eventbridge._parse_rate_seconds(made["ScheduleExpression"]):
            scheduler._schedule_last_fired[key] = 0
    return answer


def take_in_hand(*asked):
    batch = receive_for_function(*asked)
    in_hand.update(message["id"] for message in batch)
    return batch


def put_down(mapping, function, event, batch, *rest):
    try:
        return run_on_messages(mapping, function, event, batch, *rest)
    finally:
        in_hand.difference_update(message["id"] for message in batch)


def elapse(seconds):
    """Makes what waits in the account's queues wait so much less, but for what a function is at work on: its run takes no time."""
    for queue in sqs._queues.values():
        for message in queue["messages"]:
            if message["id"] not in in_hand:
                message["visible_at"] -= seconds


def key_of(access_key):
    """What a key signs with: for a service elsewhere that checks signatures, as AWS's own do."""
    found = iam_evaluator.resolve_credential(access_key)
    if not hasattr(found, "secret_access_key"):
        return 404, {}, b""
    return 200, {}, json.dumps({"secret": found.secret_access_key, "token": found.session_token or ""}).encode()


def only_authorise(handler):
    """The proxy asks whether a call is allowed without having it carried out."""
    async def handle(method, path, headers, body, query):
        if headers.get("x-emulator-elapse"):
            elapse(float(headers["x-emulator-elapse"]))
        if headers.get("x-emulator-key-of"):
            return key_of(headers["x-emulator-key-of"])
        if headers.get("x-emulator-announce"):
            said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if not publish_alarm(said["TopicArn"], said["AlarmArn"], said["Message"], said["Subject"]):
                return 403, {}, b""
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


# What AWS describes of an alarm over one metric, and not of one over several.
SINGLE = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions")


def over_several(alarm, metrics):
    for name in SINGLE:
        alarm.pop(name, None)
    alarm["Metrics"] = metrics
    return alarm


def record_alarm(name, properties):
    """CloudFormation's AWS::CloudWatch::Alarm, which has Metrics refused."""
    metrics = properties.get("Metrics")
    if not metrics:
        return alarm_record(name, properties)
    single = {**properties, "Metrics": None, "MetricName": "-", "Namespace": "-"}
    return over_several(alarm_record(name, single), metrics)


def name_of_region(stack, resource, **how):
    """The name that CloudFormation makes up, another in each Region: a role of a stack would be that of its twin elsewhere too."""
    name = physical_name(stack, resource, **how)
    suffix = hashlib.sha256(f"{name}:{provisioners.get_region()}".encode()).hexdigest()[:13]
    return name[:-13] + (suffix if how.get("lowercase") else suffix.upper())


def bounded_role(logical_id, properties, stack):
    """CloudFormation's AWS::IAM::Role, whose permissions boundary gets lost."""
    made = make_role(logical_id, properties, stack)
    iam._roles[made[0]]["PermissionsBoundary"] = properties.get("PermissionsBoundary")
    return made


def put_alarm(params, sent, is_cbor, is_json=False):
    """PutMetricAlarm in CBOR and JSON, which loses Metrics."""
    answer = put_metric_alarm(params, sent, is_cbor, is_json)
    if answer[0] == 200 and sent.get("Metrics"):
        over_several(cloudwatch._alarms[sent["AlarmName"]], sent["Metrics"])
    return answer


def recent_metrics(*asked):
    """ListMetrics names what has data of the last two weeks; GetMetricData knows 15 months."""
    since = time.time() - 14 * 24 * 3600
    old = {key: points for key, points in cloudwatch._metrics.items() if all(point["Timestamp"] < since for point in points)}
    for key in old:
        del cloudwatch._metrics[key]
    try:
        return list_metrics(*asked)
    finally:
        for key, points in old.items():
            cloudwatch._metrics[key] = points


def clock(seconds):
    """A time in a message: +0000 where others write Z or +00:00."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}+0000"


def dimensions(listed):
    """They have small letters in a message."""
    return [{"value": one["Value"], "name": one["Name"]} for one in listed or []]


def query(metric):
    """One of an alarm's several metrics."""
    if "MetricStat" not in metric:
        return metric
    stat = metric["MetricStat"]
    named = {**stat["Metric"], "Dimensions": dimensions(stat["Metric"].get("Dimensions"))}
    return {**metric, "MetricStat": {**stat, "Metric": named}}


def trigger(alarm):
    told = {k: alarm[k] for k in ("Period", "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "Threshold", "TreatMissingData") if k in alarm}
    told["EvaluateLowSampleCountPercentile"] = ""
    if "Metrics" in alarm:
        metrics = [query(metric) for metric in alarm["Metrics"]]
        return {**told, "Period": max(m.get("MetricStat", {}).get("Period", 0) for m in metrics), "Metrics": metrics}
    told.update({"MetricName": alarm["MetricName"], "Namespace": alarm["Namespace"], "Unit": alarm.get("Unit")})
    told["Dimensions"] = dimensions(alarm.get("Dimensions"))
    if alarm.get("ExtendedStatistic"):
        return {**told, "StatisticType": "ExtendedStatistic", "ExtendedStatistic": alarm["ExtendedStatistic"]}
    return {**told, "StatisticType": "Statistic", "Statistic": alarm["Statistic"].upper()}


def publish_alarm(topic, alarm, message, subject):
    """CloudWatch publishes in its own name: the policy of the topic has to let it."""
    allowed = sns.topic_policy_allows(topic, "cloudwatch.amazonaws.com", alarm, alarm.split(":")[4])
    if allowed:
        sns._fanout(topic, str(uuid.uuid4()), message, subject)
    return allowed


def dispatch_alarm(alarm, old_state, new_state, reason):
    """Publishes the message that AWS publishes when an alarm changes its state.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    now = round(time.time(), 3)  # AWS's times have milliseconds
    alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = now
    actions = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
    if not alarm.get("ActionsEnabled", True):
        return
    message = {
        "AlarmName": alarm["AlarmName"], "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": alarm["AlarmArn"].split(":")[4],
        "AlarmConfigurationUpdatedTimestamp": clock(alarm.get("AlarmConfigurationUpdatedTimestamp", now)),
        "NewStateValue": new_state, "NewStateReason": reason, "StateChangeTime": clock(now),
        "Region": REGIONS.get(alarm["AlarmArn"].split(":")[3], alarm["AlarmArn"].split(":")[3]),
        "AlarmArn": alarm["AlarmArn"], "OldStateValue": old_state,
    }
    message.update({name: alarm.get(name) or [] for name in actions.values()})
    if "AlarmRule" in alarm:
        message["AlarmRule"] = alarm["AlarmRule"]
    else:
        message["Trigger"] = trigger(alarm)
    subject = f'{new_state}: "{alarm["AlarmName"]}" in {message["Region"]}'[:100]
    for topic in message[actions[new_state]]:
        if cloudwatch._is_sns_action_arn(topic):
            publish_alarm(topic, alarm["AlarmArn"], json.dumps(message), subject)


def quiet(alarm):
    """It minds neither an alarm's dimensions nor its number of periods: SetAlarmState alone moves one."""


# What is put in place of what, each by the name under which it can be left out.
PATCHES = {
    "iam-actions": (iam_actions, "extract_iam_action", action),
    "iam-resources": (iam_actions, "extract_resource_arn", resource),
    "iam-fields": (iam_actions, "_safe_json_field", field),
    "iam-conditions": (iam_actions, "request_tag_context", context),
    "iam-tables": (iam_actions, "dynamodb_resource_arns", tables),
    "principals": (app, "_dispatch_service_request", name_principal),
    "alarms-over-several-metrics-in-stacks": (provisioners, "_cw_metric_alarm_record", record_alarm),
    "names-of-each-region-in-stacks": (provisioners, "_physical_name", name_of_region),
    "boundaries-of-roles-in-stacks": (
        provisioners, "_RESOURCE_HANDLERS", {**handlers, "AWS::IAM::Role": {**handlers["AWS::IAM::Role"], "create": bounded_role}},
    ),
    "alarms-over-several-metrics": (cloudwatch, "_put_metric_alarm", put_alarm),
    "metrics-of-two-weeks": (cloudwatch, "_list_metrics", recent_metrics),
    "metrics-of-15-months": (cloudwatch, "TWO_WEEKS_SECONDS", 455 * 24 * 3600),
    "alarm-messages": (cloudwatch, "_dispatch_alarm_actions", dispatch_alarm),
    "alarm-evaluation": (cloudwatch, "_evaluate_alarm", quiet),
}


def patch(left_out):
    for name, (module, patched, replacement) in PATCHES.items():
        if name not in left_out:
            setattr(module, patched, replacement)


for name, prefix in ELSEWHERE.items():
    router.SERVICE_PATTERNS[name] = {"target_prefixes": [prefix]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name
    app.SERVICE_HANDLERS[name] = lacking
if os.environ.get("EMULATOR_FIRST_RUNS"):
    scheduler._create_schedule = begin_at_once
sqs._receive_messages_for_esm, lambda_svc._run_sqs_batch = take_in_hand, put_down
patch(os.environ.get("EMULATOR_WITHOUT", "").split())
app.SERVICE_HANDLERS.update({k: only_authorise(h) for k, h in app.SERVICE_HANDLERS.items()})
app.main()
