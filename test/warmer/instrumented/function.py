"""The same as function/function.go, for Python."""

import os
import re
import time

import ping


def noted(what):
    if path := os.environ.get("WITNESS"):
        with open(path, "a", encoding="ascii") as file:
            file.write(f"{os.getpid()} {what}\n")


if init := re.fullmatch(r"(\d+)(ms|s)", os.environ.get("INIT", "")):
    time.sleep(int(init[1]) / (1000 if init[2] == "ms" else 1))


def work(event, context):
    noted("event")
    return event


wrapped = work if os.environ.get("MIDDLEWARE") == "none" else ping.wrap(work)


def handler(event, context):
    if isinstance(event, dict) and "caretakerPing" in event and wrapped is not work:
        noted("ping")
    return wrapped(event, context)
