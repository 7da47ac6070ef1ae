from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rekvid.backends.local import tokens

SECRET = b"s" * 32
NOW = 1_700_000_000.0
POSITIONS = st.integers(0, 2**63)


@given(POSITIONS, st.text(max_size=200))
def test_token_gives_back_its_position(position: int, scope: str) -> None:
    """A token says where its page begins, for 24 hours, and fits the service's 255 characters."""
    token = tokens.issue(SECRET, scope, position, NOW)
    assert len(token) <= 255
    for later in (0, tokens.LIFETIME):
        assert tokens.read(SECRET, scope, token, NOW + later) == position


@given(POSITIONS, st.integers(0, 500), st.integers(1, 255))
@example(position=31726, place=258, change=6)  # a `-` that becomes a `+`
def test_changed_token_is_refused(position: int, place: int, change: int) -> None:
    """A token in which a single byte was changed is refused."""
    token = bytearray(tokens.issue(SECRET, "job", position, NOW).encode())
    token[place % len(token)] ^= change
    with pytest.raises(tokens.BadTokenError):
        tokens.read(SECRET, "job", token.decode("latin-1"), NOW)


@given(st.text(max_size=100))
def test_any_other_text_is_refused(text: str) -> None:
    """Text that is no token raises one error, whatever it holds."""
    with pytest.raises(tokens.BadTokenError):
        tokens.read(SECRET, "job", text, NOW)


def test_token_is_bound_to_secret_scope_and_time() -> None:
    """A token of another store, of another job, or older than 24 hours is refused."""
    token = tokens.issue(SECRET, "job", 5, NOW)
    for secret, scope, now in (
        (b"x" * 32, "job", NOW),
        (SECRET, "other", NOW),
        (SECRET, "job", NOW + tokens.LIFETIME + 1),
    ):
        with pytest.raises(tokens.BadTokenError):
            tokens.read(secret, scope, token, now)
