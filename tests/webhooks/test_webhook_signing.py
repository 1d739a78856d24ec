"""Signed messages, against a check that was written from the standard alone."""

from __future__ import annotations

import base64
import time

import pytest

from narratix.webhooks.signing import BadSecret, Forged, checked, derived_secret, headers, secret_of, written
from tests.webhooks.receiver import SECRET, verified

BODY = b'{"type":"job.completed","timestamp":"2026-11-22T16:45:00Z","data":{}}'
KEY = secret_of(SECRET)


def signed(body: bytes = BODY, at: float | None = None, key: bytes = KEY) -> dict[str, str]:
    return headers([key], "msg_1", int(time.time() if at is None else at), body)


def test_given_our_messages_then_a_strict_receiver_believes_them() -> None:
    assert verified(SECRET, signed(), BODY)["type"] == "job.completed"


def test_given_the_example_of_the_standard_then_our_signature_is_the_same() -> None:
    # from the specification's and Svix's documentation
    key = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    given = headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert given["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_given_a_change_of_keys_then_the_old_and_the_new_secret_both_check() -> None:
    new = written(derived_secret(b"another key", "key:1"))
    both = headers([secret_of(new), KEY], "msg_1", int(time.time()), BODY)
    assert verified(new, both, BODY) == verified(SECRET, both, BODY)


def test_given_two_who_have_a_key_then_neither_can_forge_what_is_sent_to_the_other() -> None:
    assert derived_secret(b"k" * 32, "key:1") != derived_secret(b"k" * 32, "key:2")


def test_given_a_message_that_is_as_it_should_be_then_its_id_is_told() -> None:
    assert checked([KEY], signed(), BODY, time.time()) == "msg_1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given | {"webhook-signature": "v1,AAAA"}, "signature"),
        (lambda given: given | {"webhook-signature": "v2," + given["webhook-signature"][3:]}, "signature"),
        (lambda given: given | {"webhook-signature": "é"}, "signature"),
        (lambda given: given | {"webhook-id": "msg_2"}, "signature"),
        (lambda given: given | {"webhook-timestamp": str(int(given["webhook-timestamp"]) + 1)}, "signature"),
        (lambda given: given | {"webhook-timestamp": "soon"}, "seconds"),
        (lambda given: given | {"webhook-timestamp": "１２"}, "seconds"),
        (lambda given: {name: value for name, value in given.items() if name != "webhook-id"}, "needed"),
        (lambda _given: signed(BODY + b" "), "signature"),
        (lambda _given: signed(key=b"x" * 32), "signature"),
        (lambda _given: signed(at=time.time() - 301), "old"),
        (lambda _given: signed(at=time.time() + 330), "future"),
    ],
)  # fmt: skip
def test_given_a_message_that_is_not_then_it_is_not_believed(change: object, said: str) -> None:
    given = change(signed())  # type: ignore[operator]
    with pytest.raises(Forged, match=said) as caught:
        checked([KEY], given, BODY, time.time())
    assert base64.b64encode(KEY).decode() not in str(caught.value)


@pytest.mark.parametrize("bad", ["", "whsec_", "whsec_not base64", "whsec_" + base64.b64encode(b"short").decode()])
def test_given_a_secret_that_is_none_then_it_is_refused(bad: str) -> None:
    with pytest.raises(BadSecret):
        secret_of(bad)
