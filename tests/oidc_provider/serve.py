"""Serve the provider on a free port of 127.0.0.1, and print its address: `python -m tests.oidc_provider.serve`."""

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main():
    django.setup()
    settings.FOLDER.mkdir(exist_ok=True)
    call_command("migrate", verbosity=0)
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
