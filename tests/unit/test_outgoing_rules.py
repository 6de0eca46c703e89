"""Addresses that endpoints may have, the schedule of attempts, and what an endpoint must look like."""

import re
from ipaddress import ip_address

import pytest

from signpost.case.instant import DAY, HOUR, MINUTE, SECOND, format_instant
from signpost.cli.consumers import InvalidConsumer, _check
from signpost.messaging.pattern_words import unknown_word
from signpost.outgoing.addresses import BadUrl, Blocked, check_url, choose, is_public, parse_networks
from signpost.outgoing.documents import endpoint_document
from signpost.outgoing.items import covers
from signpost.outgoing.registry import InvalidEndpoint, check_patterns, new_endpoint, secret_of, tenant_of
from signpost.outgoing.registry import test_message as make_test_message
from signpost.outgoing.schedule import DELAYS_US, LONGEST_US, MAX_JITTER, TRIP, Patience, delay, settle
from signpost.storage import Attempt, EndpointRow, Item, WaitingMessage
from signpost.storage.endpoint_rows import TEST

NOW = 1_772_460_000_000_000
INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "100.100.100.200", "169.254.169.254", "169.254.170.2", "168.63.129.16", "192.0.0.1", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:93.184.216.34", "::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:1::1",
    "2001:db8::1", "100::1", "4000::1",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_no_inside_address_is_public(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(Blocked):
        choose([address], (), encrypted=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str) -> None:
    assert choose([address], (), encrypted=True) == [address]
    with pytest.raises(Blocked):
        choose([address], parse_networks("10.0.0.0/8"), encrypted=False)


def test_a_refusal_names_the_process_that_needs_the_setting() -> None:
    with pytest.raises(Blocked, match="SIGNPOST_ENDPOINT_NETWORKS of the deliverer"):
        choose(["127.0.0.1"], (), encrypted=False)


@pytest.mark.parametrize(
    ("encrypted", "said"), [(True, "has no public address;"), (False, "has no address at which http is allowed;")]
)
def test_a_refusal_says_what_the_host_lacks(encrypted: bool, said: str) -> None:
    with pytest.raises(Blocked, match=said):
        choose(["10.0.0.1"], (), encrypted=encrypted)


def test_of_several_addresses_only_the_allowed_ones_are_used() -> None:
    assert choose(["10.0.0.1", "8.8.8.8", "::1"], (), encrypted=True) == ["8.8.8.8"]


def test_a_setting_allows_networks_also_over_http_and_as_mapped_addresses() -> None:
    networks = parse_networks("10.1.0.0/16,fd00::/8")
    assert choose(["10.1.2.3", "10.2.0.1"], networks, encrypted=False) == ["10.1.2.3"]
    assert choose(["::ffff:10.1.2.3"], networks, encrypted=False) == ["::ffff:a01:203"]
    assert choose(["fd00::1"], networks, encrypted=True) == ["fd00::1"]


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://host.example/", "//host.example/", "https://", "https:///path", "http://host.example/",
        "https://user:word@host.example/", "https://user@host.example/", "https://host.example/#part",
        "https://host.example:0/", "https://host.example:99999/", "https://[::1]/", "https://127.0.0.1/",
        "https://169.254.169.254/latest", "https://host.example/a b", "https://hóst.example/", "https://host.example\\@e/",
        "https://[fe80::1%25eth0]/", "https://host.example/".ljust(2_001, "x"), "https://[::ffff:10.0.0.1]/",
        "https://host.example/\n", "https://2130706433/", "https://0x7f000001/", "https://0x7F.1/", "https://127.1/",
        "https://0177.0.0.1/", "https://017700000001/", "https://10.1/", "https://0/", "https://127.0.0.1./",
        "https://localhost/", "https://LOCALHOST.:8443/",
        "https://a.b.localhost/", "https://0xa9fea9fe/latest", "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    ],
)  # fmt: skip
def test_urls_that_no_endpoint_has(url: str) -> None:
    with pytest.raises(BadUrl):
        check_url(url, ())


def test_urls_that_endpoints_have() -> None:
    check_url("https://hooks.acme.example:8443/signpost?a=1", ())
    check_url("https://host.example/".ljust(2_000, "x"), ())
    check_url("https://8.8.8.8/", ())
    check_url("https://134744072/", ())
    check_url("https://127.example/", ())
    check_url("https://localhost.example/", ())
    check_url("http://localhost/", parse_networks("127.0.0.0/8"))
    check_url("https://localhost/", parse_networks("::1"))
    check_url("http://127.1/", parse_networks("127.0.0.0/8"))
    check_url("http://hooks.internal/", parse_networks("10.0.0.0/8"))


@pytest.mark.parametrize(
    "pattern", ["acme.#", "acme.candidate.*.high.raised", "agenda:acme.candidate.#", "questions:acme.#"]
)
def test_patterns_of_the_own_tenant(pattern: str) -> None:
    check_patterns("acme", [pattern])
    assert tenant_of([pattern]) == "acme"


@pytest.mark.parametrize(
    "pattern",
    ["", "#", "*.candidate.#", "other.#", "agenda:other.#", "agenda:#", "acme.a.b.c.d.e.f", "acme. #", "acme.#\n"],
)
def test_patterns_that_reach_beyond_the_tenant_or_are_none(pattern: str) -> None:
    with pytest.raises(InvalidEndpoint):
        check_patterns("acme", [pattern])


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("acme.candidat.#", "did you mean candidate?"), ("acme.*.offers.urgnt.raised", "did you mean urgent?"),
        ("acme.*.*.*.raise", "did you mean raised?"), ("agenda:acme.employr.#", "did you mean employer?"),
        ("questions:acme.employer.#", "known: candidate"), ("agenda:acme.*.nobody", "known: low, normal"),
    ],
)  # fmt: skip
def test_a_pattern_with_a_word_that_no_message_has_is_refused(pattern: str, hint: str) -> None:
    with pytest.raises(InvalidEndpoint, match=re.escape(hint)):
        check_patterns("acme", [pattern])
    with pytest.raises(InvalidConsumer, match=re.escape(hint)):
        _check("notifier", [pattern], "")


@pytest.mark.parametrize("pattern", ["acme.*.offers", "acme.#.raised", "acme.#.odd", "agenda:acme.*.none", "#"])
def test_a_pattern_whose_words_may_match_is_taken(pattern: str) -> None:
    assert unknown_word(pattern) == ""


def test_an_endpoint_has_1_to_20_patterns() -> None:
    check_patterns("acme", ["acme.#"] * 20)
    for patterns in ([], ["acme.#"] * 21):
        with pytest.raises(InvalidEndpoint, match="1 to 20 patterns"):
            check_patterns("acme", patterns)


def test_all_patterns_have_one_tenant() -> None:
    for patterns in (["acme.#", "other.#"], ["#"], ["*.#"], []):
        with pytest.raises(InvalidEndpoint):
            tenant_of(patterns)


def test_a_pattern_covers_only_its_kind() -> None:
    assert covers("acme.#", "acme.candidate.offers.high.raised")
    assert not covers("acme.#", "agenda:acme.candidate.high")
    assert covers("agenda:acme.#", "agenda:acme.candidate.high")
    assert not covers("agenda:acme.#", "questions:acme.candidate.high")


def test_pauses_grow_and_have_a_random_part() -> None:
    pauses = [delay(number, 0.0) for number in range(1, 12)]
    assert pauses[: len(DELAYS_US)] == list(DELAYS_US)
    assert set(pauses[len(DELAYS_US) :]) == {DELAYS_US[-1]}
    assert delay(1, 1.0) == DELAYS_US[0] * (1 + MAX_JITTER)


def endpoint(**more: object) -> EndpointRow:
    """An endpoint with some history."""
    values: dict[str, object] = {"every_change": False, "networks": (), "secret": secret_of(b"k" * 32), "now": NOW}
    made = new_endpoint("acme", "ep_1", "https://hooks.example/", ["acme.#"], **values)  # type: ignore[arg-type]
    return EndpointRow(**{name: getattr(made, name) for name in made.__slots__} | more)


def attempt(status: int | None = 500, *, attempts: int = 0, first: int | None = None, at: int = NOW) -> Attempt:
    """An attempt that took a second."""
    message = WaitingMessage(1, "acme", "ep_1", "c-1", "r-1", 1, False, "r-1.1", NOW, attempts, first, b"{}")
    return Attempt(message, at, SECOND, "delivered" if status == 200 else "refused", "it refuses", status)


def test_a_failure_is_tried_again_after_its_pause() -> None:
    settled = settle(endpoint(), attempt(attempts=2), jitter=0, patience=Patience())
    assert settled.due == NOW + SECOND + 2 * MINUTE
    assert (settled.paused_until, settled.disable, settled.set_aside) == (0, "", False)


def test_after_several_failures_in_a_row_the_endpoint_rests() -> None:
    before = settle(endpoint(failures=TRIP - 2), attempt(), jitter=0, patience=Patience())
    after = settle(endpoint(failures=TRIP - 1), attempt(), jitter=0, patience=Patience())
    later = settle(endpoint(failures=TRIP + 3), attempt(), jitter=0, patience=Patience())
    assert (before.paused_until, after.paused_until, later.paused_until) == (
        0,
        NOW + 6 * SECOND,
        NOW + SECOND + 30 * MINUTE,
    )


def test_the_fifth_failure_in_a_row_lets_an_endpoint_rest() -> None:
    rests = [
        bool(settle(endpoint(failures=before), attempt(), jitter=0, patience=Patience()).paused_until)
        for before in range(6)
    ]
    assert rests == [False] * 4 + [True] * 2


def test_no_pause_is_longer_than_the_longest() -> None:
    assert LONGEST_US == delay(99, 1.0) == 4.8 * HOUR


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_is_kept_when_it_is_asked_for(status: int) -> None:
    assert settle(endpoint(), attempt(status), jitter=0, patience=Patience(), keep_body=True).keep_body
    assert not settle(endpoint(), attempt(status), jitter=0, patience=Patience()).keep_body


def test_a_test_message_is_no_end_and_of_no_candidate() -> None:
    message, item = make_test_message(endpoint(), "test_1", NOW)
    assert (message.tenant, message.case_key, message.message_id, item) == ("acme", "", "test_1", Item(TEST, 1, False))


def test_no_endpoint_is_made_with_a_wrong_url_or_pattern() -> None:
    more = {"secret": "whsec_", "every_change": False, "networks": (), "now": NOW}
    with pytest.raises(InvalidEndpoint) as caught:
        new_endpoint("acme", "ep_1", "ftp://host.example/", ["other.#"], **more)  # type: ignore[arg-type]
    assert [one.pointer for one in caught.value.problems] == ["/patterns/0", "/url"]


def test_retry_after_is_respected_within_a_bound() -> None:
    asked = settle(endpoint(), attempt(503), jitter=0, patience=Patience(), retry_after=10 * MINUTE)
    assert asked.due == asked.paused_until == NOW + SECOND + 10 * MINUTE
    bounded = settle(endpoint(), attempt(503), jitter=0, patience=Patience(), retry_after=30 * DAY)
    assert bounded.due == NOW + SECOND + HOUR


def test_an_endpoint_is_disabled_after_days_or_when_it_is_gone() -> None:
    late = settle(endpoint(failing_since=NOW - 3 * DAY), attempt(), jitter=0, patience=Patience())
    assert late.disable.startswith("no message was accepted for 3 days")
    exactly = settle(endpoint(failing_since=NOW + SECOND - 3 * DAY), attempt(), jitter=0, patience=Patience())
    assert exactly.disable
    early = settle(endpoint(failing_since=NOW - 2 * DAY), attempt(), jitter=0, patience=Patience())
    assert early.disable == ""
    assert settle(endpoint(), attempt(410), jitter=0, patience=Patience()).disable == "the receiver answered 410 Gone"


def test_a_message_that_is_refused_for_days_is_set_aside() -> None:
    assert settle(endpoint(), attempt(first=NOW - 3 * DAY), jitter=0, patience=Patience()).set_aside
    assert settle(endpoint(), attempt(first=NOW + SECOND - 3 * DAY), jitter=0, patience=Patience()).set_aside
    assert not settle(endpoint(), attempt(first=NOW - 2 * DAY), jitter=0, patience=Patience()).set_aside


def test_a_disabled_endpoint_has_no_next_attempt() -> None:
    later = format_instant(NOW + HOUR)
    assert endpoint_document(endpoint(paused_until=NOW + HOUR), None, NOW)["next_attempt"] == later
    assert endpoint_document(endpoint(paused_until=NOW + HOUR, enabled=False), None, NOW)["next_attempt"] is None


def test_a_success_after_rest_hurries_what_waits() -> None:
    assert settle(endpoint(failures=TRIP), attempt(200), jitter=0, patience=Patience()).recovers
    assert not settle(endpoint(failures=1), attempt(200), jitter=0, patience=Patience()).recovers
