"""A program that uses the API, for tests."""

from django.test import Client

PASSWORD = "correct horse battery"


class Program:
    """Sends JSON, keeps its tokens, and opens envelopes."""

    def __init__(self, **headers):
        self.client = Client(headers=headers)
        self.tokens = {}

    def call(self, method, path, body=None, *, token=None):
        token = self.tokens.get("access") if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self.client, method)(f"/api/v1/{path}", headers=headers, **more)

    def get(self, path, **more):
        return self.call("get", path, **more)

    def post(self, path, body=None, **more):
        return self.call("post", path, {} if body is None else body, **more)

    def delete(self, path, **more):
        return self.call("delete", path, **more)

    def log_in(self, email, password=PASSWORD):
        response = self.post("auth/login", {"email": email, "password": password}, token="")
        if response.status_code == 200:
            self.tokens = response.json()["data"]
        return response

    def refresh(self, token=None):
        response = self.post("auth/refresh", {"refresh": token or self.tokens["refresh"]}, token="")
        if response.status_code == 200:
            self.tokens = response.json()["data"]
        return response


def code_of(response):
    """Return status and error code."""
    error = response.json()["error"]
    return response.status_code, error and error["code"]
