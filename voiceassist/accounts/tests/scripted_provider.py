"""A provider that says exactly what a test wants it to say, wrong things above all. It signs with a real key."""

import json
import ssl
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "voiceassist", "a-client-secret-of-more-than-32-bytes"
KEY, ANOTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
PERSON = {"sub": "1", "email": "author@clinic.test", "email_verified": True}


def public_jwk(key=KEY, **more):
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"use": "sig", "kid": "one"} | more


@dataclass
class ScriptedProvider:
    """`replies` maps a path to (status, body, headers) or to a function of the handler, in place of what is right."""

    address: str
    replies: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=lambda: dict(PERSON))
    token: Any = None  # in place of the signed id_token
    key: Any = KEY
    header: dict[str, Any] = field(default_factory=lambda: {"kid": "one"})
    algorithm: str = "RS256"
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)  # path, headers, body

    def right_reply(self, path):
        match path:
            case "/.well-known/openid-configuration":
                return self._description()
            case "/keys":
                return {"keys": [public_jwk()]}
            case "/token":
                return {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self.id_token()}
            case "/userinfo":
                return PERSON
        return {"error": "not_found"}

    def id_token(self):
        if self.token is not None:
            return self.token
        now = int(time.time())
        usual = {"iss": self.address, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "auth_time": now}
        claims = {name: value for name, value in (usual | self.claims).items() if value is not None}
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers=self.header)

    def unsigned(self):
        """Return the right claims with the algorithm `none`."""
        _, body, _ = self.id_token().split(".")
        header = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        return f"{header}.{body}."

    def bodies(self, path):
        return [body for asked, _, body in self.asked if asked == path]

    def _description(self):
        usual = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "userinfo_endpoint": f"{self.address}/userinfo",
        }
        return {name: value for name, value in (usual | self.configuration).items() if value is not None}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        script, path = self.server.script, self.path.partition("?")[0]
        length = int(self.headers.get("Content-Length", 0))
        script.asked.append((path, dict(self.headers), self.rfile.read(length).decode()))
        reply = script.replies.get(path)
        if callable(reply):
            reply(self)
            return
        status, body, headers = reply or (200, json.dumps(script.right_reply(path)), {})
        self.reply(status, body, headers)

    do_POST = do_GET  # noqa: N815 (the library looks for this name)

    def reply(self, status, body, headers):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Clients that give up, or do not trust our certificate, are what some tests are about."""


def serve(*, certificate=None):
    """Serve on a free port, over TLS with a (chain, key) pair of files; return the script and the server."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https" if certificate else "http"
    server.script = ScriptedProvider(f"{scheme}://127.0.0.1:{server.server_port}")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server.script, server
