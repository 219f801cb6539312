#!/usr/bin/env python3
"""A test or benchmark that is killed leaves no server behind: orphan_test.py FOLDER MODULE, for the module that starts servers."""

import importlib
import os
import select
import signal
import subprocess
import sys

folder, module = sys.argv[1:3]
sys.path.insert(0, folder)
prefix = importlib.import_module(module).DIES_WITH_US

starter = subprocess.Popen(
    [sys.executable, "-c", f"import subprocess; print(subprocess.Popen({[*prefix, 'cat']!r}, stdin=subprocess.PIPE).pid, flush=True); "
     "import time; time.sleep(3600)"], stdout=subprocess.PIPE, text=True)
server = int(starter.stdout.readline())
handle = os.pidfd_open(server)
# setpriv has become the program only once its name has changed; before that the kernel may not have been told.
while open(f"/proc/{server}/comm").read().strip() != "cat":
    pass
# The program must die of its starter's death, not because its input ends: stop it from reading first.
os.kill(server, signal.SIGSTOP)
starter.kill()
starter.wait()
ended = select.select([handle], [], [], 60)[0]
if not ended:
    os.kill(server, signal.SIGKILL)
    sys.exit("the program outlived the process that started it")
