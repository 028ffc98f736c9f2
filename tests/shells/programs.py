"""Programs that tests run in a process of their own: signals, forks, and the end of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.loopback.provider import KEY

ROOT = Path(__file__).parents[2]

# What each program finds.
_BEGINNING = f"""
import asyncio, gc, os, signal, sys, threading, time
import reqllm
url = sys.argv[1]
options = {{"base_url": url, "api_key": "{KEY}", "max_retries": 0}}

def soon(number):
    "Have this process get a signal when it is in the middle of a read."
    threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
"""


def run(program: str, url: str, *, timeout: float = 60) -> str:
    """Run a program to its end and return what it printed.

    Fails if it fails, or if anything comes on its standard error: a traceback, a warning.
    """
    command = [sys.executable, "-W", "default::ResourceWarning:reqllm", "-c"]
    process = subprocess.Popen(
        [*command, _BEGINNING + dedent(program), url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A run of the tests in the background ignores Ctrl-C; what it starts must not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        printed, complained = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # and what it has forked
        printed, complained = process.communicate()
        complained += "\nit did not end"
    assert (process.returncode, complained) == (0, ""), complained
    return printed
