"""Run the real supervisor with stand-ins for the project's own programs. Arguments: data directory, options."""

import argparse
import sys
from pathlib import Path

from voiceassist.runtime import RuntimeProblem, child, supervisor
from voiceassist.runtime.child import Program
from voiceassist.runtime.environment import Environment
from voiceassist.runtime.project import Plan
from voiceassist.runtime.supervisor import Supervisor
from voiceassist.runtime.terminal import Terminal

WEB = """
import http.server, os
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()
        self.wfile.write(os.environ["DATA_DIR"].encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Ready).serve_forever()
"""
PREPARE = "import os; print('stage: tables'); print('sign in as', os.environ['HOST'], bool(os.environ['DATABASE_URL']))"
WORKER = "import time; print('WARNING: the worker has a cold', flush=True); time.sleep(600)"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--default-port", type=int)
    parser.add_argument("--prepare", default=PREPARE)
    parser.add_argument("--worker", default=WORKER)
    parser.add_argument("--web", default=WEB)
    given = parser.parse_args()
    child.FIRST_PAUSE = 0.01
    supervisor.DEFAULT_PORT = given.default_port or supervisor.DEFAULT_PORT

    def plan(_host: str, _port: int) -> Plan:
        worker = Program("worker", "worker", [sys.executable, "-c", given.worker])
        web = Program("web", "web server", [sys.executable, "-c", given.web])
        return Plan([sys.executable, "-c", given.prepare], [worker, web])

    environment = Environment(given.data_dir, "127.0.0.1", given.port, "", "")
    try:
        return Supervisor(environment, Terminal(), plan_for=plan).run()
    except RuntimeProblem as problem:
        print(problem)
        return 1


if __name__ == "__main__":
    sys.exit(main())
