"""Who may ask: attacks on the guard, each refused, and the page's own requests let through."""

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pipeline.studio.serving.security import GUESSES_S, MOST_GUESSES, Address, Guard, Guesses, is_loopback, new_token

TOKEN = "right-token-of-this-server"  # noqa: S105 - of these tests alone
LOCAL = Address("127.0.0.1", 8765)
EVERYWHERE = "0.0.0.0"  # noqa: S104 - compared, never bound
HOST = "127.0.0.1:8765"


async def fine(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("fine")


def guarded(address: Address = LOCAL) -> TestClient:
    app = Starlette(routes=[Route("/", fine, methods=["GET", "POST"]), Route("/api", fine, methods=["GET", "POST"])])
    return TestClient(Guard(app, address, TOKEN), base_url=f"http://{HOST}")


def test_the_address_with_the_token_opens_the_page_and_a_cookie_of_this_site_keeps_it() -> None:
    client = guarded()
    answer = client.get(f"/?token={TOKEN}")
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/api").text == "fine"
    assert client.post("/api", headers={"origin": f"http://{HOST}"}).text == "fine"


@pytest.mark.parametrize("path", ["/", "/api", "/?token=", "/?token=wrong", f"/api?token={TOKEN}", f"/?token={TOKEN}x"])
def test_without_the_token_nothing_is_answered(path: str) -> None:
    answer = guarded().get(path)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer \u00e4".encode("latin-1")])
def test_wrong_authorizations_are_refused(given: str | bytes) -> None:
    assert guarded().get("/api", headers={"authorization": given}).status_code == 403


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:8765", "evil.example", "127.0.0.1", "127.0.0.1:80", "localhost:8766", "127.0.0.1:8765.evil"),
        *("user@127.0.0.1:8765", "", "[::1", "127.0.0.1:99999", "10.0.0.5:8765", "127.0.0.1:8765, evil.example"),
    ],
)
def test_a_name_that_is_not_the_servers_is_refused_with_the_token_too(host: str) -> None:
    answer = guarded().get("/api", headers={"host": host, "authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"])
def test_its_own_names_are_answered(host: str) -> None:
    assert guarded().get("/api", headers={"host": host, "authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8765", "http://127.0.0.1:80", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_pages_are_refused(origin: str, method: str) -> None:
    client = guarded()
    client.get(f"/?token={TOKEN}")
    assert client.request(method, "/api", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_of_another_site_counts(site: str) -> None:
    client = guarded()
    client.get(f"/?token={TOKEN}")
    assert client.get("/api", headers={"sec-fetch-site": site}).status_code == 403
    headers = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=headers).status_code == 403
    assert client.get(f"/?token={TOKEN}", headers=headers).status_code == 200


def test_a_form_of_another_page_that_names_no_origin_changes_nothing() -> None:
    client = guarded()
    client.get(f"/?token={TOKEN}")
    assert client.post("/api").status_code == 403
    assert client.post("/api", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_scripts_come_from_the_server_alone_on_every_answer_refusals_too() -> None:
    for answer in (guarded().get("/api"), guarded().get(f"/?token={TOKEN}")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_beyond_this_machine_only_its_names_and_numbers_are_answered() -> None:
    address = Address(EVERYWHERE, 8765, ("cellar", "cellar.local"))
    for host, is_own in (("cellar:8765", True), ("192.168.1.7:8765", True), ("evil.example:8765", False)):
        answer = guarded(address).get("/api", headers={"host": host, "authorization": f"Bearer {TOKEN}"})
        assert (answer.status_code == 200) is is_own


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32


def test_loopback_is_known() -> None:
    known = {host: is_loopback(host) for host in ("127.0.0.1", "127.8.9.1", "::1", "localhost", EVERYWHERE, "x")}
    assert list(known.values()) == [True, True, True, True, False, False]


def test_different_wrong_tokens_are_counted_and_then_even_the_right_one_waits() -> None:
    client = guarded()
    for number in range(MOST_GUESSES):
        assert client.get("/api", headers={"authorization": f"Bearer guess-{number}"}).status_code == 403
    late = client.get("/api", headers={"authorization": f"Bearer {TOKEN}"})
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")
    assert client.get(f"/?token={TOKEN}").status_code == 429
    assert client.get("/api").status_code == 403  # which brings none
    from_elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get(f"/?token={TOKEN}", headers=from_elsewhere).status_code == 200


def test_a_page_that_was_left_open_with_an_old_token_locks_nobody_out() -> None:
    client = guarded()
    for _ in range(3 * MOST_GUESSES):
        assert client.get("/api", headers={"authorization": "Bearer of-yesterday"}).status_code == 403
    assert client.get(f"/?token={TOKEN}").status_code == 200


def test_many_tokens_in_one_request_are_no_way_around() -> None:
    client = guarded()
    many = "&".join(f"token=guess-{number}" for number in range(500))
    assert client.get(f"/?{many}&token={TOKEN}").status_code == 403
    for number in range(3):
        client.get(f"/?token=a{number}&token=b{number}&token=c{number}")
    assert client.get(f"/?token={TOKEN}").status_code == 429


def test_who_has_guessed_is_heard_again_after_a_minute() -> None:
    now = 0.0
    guesses = Guesses(lambda: now)
    guesses.add("a", [f"guess-{number}" for number in range(MOST_GUESSES - 1)])
    assert not guesses.are_too_many("a")
    now = 30.0
    guesses.add("a", ["one more"])
    assert guesses.are_too_many("a")
    assert not guesses.are_too_many("b")
    now = GUESSES_S + 1
    assert not guesses.are_too_many("a")
    guesses.add("a", [f"again-{number}" for number in range(MOST_GUESSES)])
    assert guesses.are_too_many("a")


def test_a_person_at_the_closed_door_is_asked_and_a_script_is_told() -> None:
    door = guarded().get("/", headers={"accept": "text/html,*/*"})
    assert door.status_code == 403
    assert 'type="password"' in door.text
    assert "script" not in door.text
    assert "form-action 'self'" in door.headers["content-security-policy"]
    assert "default-src 'none'" in door.headers["content-security-policy"]
    assert guarded().get("/api", headers={"accept": "text/html"}).text.startswith("Open the studio")
