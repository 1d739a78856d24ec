"""Addresses as hosters write them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect

from narratix.events.dsn import BadAddress, asyncpg_dsn, direct_dsn, is_pooled, sqlalchemy_url, without_password

NEON = (
    "postgresql://ann:p%40ss@ep-cool-1-pooler.eu-central-1.aws.neon.tech/drama?sslmode=require&channel_binding=require"
)
SOCKET = "postgresql://narratix@/narratix?host=/tmp/a%20path/postgres"


def asyncpg_arguments(dsn: str) -> dict[str, Any]:
    """What SQLAlchemy would call asyncpg with."""
    dialect: Any = asyncpg_dialect.dialect
    arguments: dict[str, Any] = dialect().create_connect_args(make_url(sqlalchemy_url(dsn)))[1]
    return arguments


def test_given_neons_address_when_meant_for_asyncpg_then_what_it_does_not_know_is_gone() -> None:
    assert asyncpg_dsn(NEON) == (
        "postgresql://ann:p%40ss@ep-cool-1-pooler.eu-central-1.aws.neon.tech/drama?sslmode=require"
    )


def test_given_neons_address_when_meant_for_sqlalchemy_then_asyncpg_gets_arguments_that_it_has() -> None:
    arguments = asyncpg_arguments(NEON)
    assert arguments["ssl"] == "require"
    assert arguments["password"] == "p@ss"
    assert not {"sslmode", "channel_binding"} & set(arguments)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_given_any_of_the_schemes_when_converted_then_each_library_gets_its_own(scheme: str) -> None:
    dsn = f"{scheme}://ann@localhost:5433/drama?ssl=disable"
    assert asyncpg_dsn(dsn) == "postgresql://ann@localhost:5433/drama?sslmode=disable"
    assert sqlalchemy_url(dsn) == "postgresql+asyncpg://ann@localhost:5433/drama?ssl=disable"


def test_given_a_socket_in_a_path_with_a_space_when_converted_then_both_libraries_find_it() -> None:
    assert asyncpg_dsn(SOCKET) == SOCKET
    arguments = asyncpg_arguments(SOCKET)
    assert arguments["host"] == "/tmp/a path/postgres"
    assert asyncpg_dsn("postgresql:///drama") == "postgresql:///drama"


def test_given_an_address_that_names_its_caller_when_converted_then_only_asyncpg_is_told() -> None:
    address = "postgresql://ann@host/drama?application_name=web-1"
    assert asyncpg_dsn(address) == address
    assert "application_name" not in asyncpg_arguments(address)


def test_given_a_pooled_address_when_asked_for_the_direct_one_then_only_the_host_differs() -> None:
    assert is_pooled(NEON)
    assert direct_dsn(NEON) == "postgresql://ann:p%40ss@ep-cool-1.eu-central-1.aws.neon.tech/drama?sslmode=require"
    assert not is_pooled(direct_dsn(NEON))
    assert not is_pooled(SOCKET)
    assert direct_dsn(SOCKET) == SOCKET
    assert not is_pooled("postgresql://x-pooler:x-pooler@host.pooler/x-pooler")


def test_given_an_address_when_logged_then_its_password_is_not_in_it() -> None:
    assert (
        without_password(NEON) == "postgresql://ann@ep-cool-1-pooler.eu-central-1.aws.neon.tech/drama?sslmode=require"
    )
    assert without_password("postgresql://host/drama?password=secret") == "postgresql://host/drama"


@pytest.mark.parametrize("address", ["", "sqlite:///secret.db", "mysql://ann:secret@host/db", "localhost:5432"])
def test_given_an_address_of_something_else_when_converted_then_the_error_says_what_is_wanted(address: str) -> None:
    for convert in (asyncpg_dsn, sqlalchemy_url, is_pooled, direct_dsn, without_password):
        with pytest.raises(BadAddress, match="DATABASE_URL must look like") as refused:
            convert(address)
        assert "secret" not in str(refused.value)
