import pytest


def test_a_well_formed_id_of_the_client_comes_back(client, db):
    assert client.get("/app/login/", headers={"x-request-id": "abc-1.2_3"})["X-Request-ID"] == "abc-1.2_3"


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "<script>", "Müller"])
def test_any_other_id_is_replaced(client, db, bad):
    returned = client.get("/app/login/", headers={"x-request-id": bad})["X-Request-ID"]

    assert returned != bad
    assert len(returned) == 32
