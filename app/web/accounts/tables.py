"""The web's own tables, as Flask-SQLAlchemy knows them; migrations/ makes them, in SQLite and in PostgreSQL.

They lie in the database that STORE_URL names. Times are ms since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import BigInteger, Float, Index, Integer, LargeBinary, Text, column, select, table
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session
from sqlalchemy.pool import NullPool

from app import backends
from app.errors import Unavailable
from app.settings.settings import Settings
from app.systems.sql.shelf import Transaction
from app.web.accounts.changes import Changes


class Base(DeclarativeBase):
    """Base of the models: its metadata hold the web's own tables and no others."""


#: A transaction, as `transaction` gives it.
Tables: TypeAlias = "scoped_session[Session]"

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class ApiToken(Model):
    """A token of a program, or of somebody's script. The token itself is known to its owner only."""

    __tablename__ = "tokens"

    #: SHA-256 of the token: 256 random bits need no slow hash.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(Text)
    #: The query that a log must fit to be seen, as it was typed; empty: every log.
    filter: Mapped[str] = mapped_column(Text)
    #: Requests a second that each web process answers; None: any number.
    rate: Mapped[float | None] = mapped_column(Float)
    #: The user who made it.
    owner: Mapped[str] = mapped_column(Text)
    made: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int | None] = mapped_column(BigInteger)
    revoked: Mapped[int | None] = mapped_column(BigInteger)
    #: When it was last used, to the minute.
    used: Mapped[int | None] = mapped_column(BigInteger)
    #: The fields that are not seen, as `app.find.hidden.read` reads them; empty: every field is seen.
    hide: Mapped[str] = mapped_column(Text, server_default="")
    #: The space whose logs it sends or sees; empty: none in particular.
    space: Mapped[str] = mapped_column(Text, server_default="")


class UserAccount(Model):
    """Somebody who logs in: by name and password, or at an issuer of OpenID Connect."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[str] = mapped_column(Text)
    #: As of a token.
    filter: Mapped[str] = mapped_column(Text)
    #: The password's hash, by argon2; empty for who has none, and logs in at an issuer.
    hash: Mapped[str] = mapped_column(Text)
    #: Every session of this user holds a copy: a new stamp ends them all.
    stamp: Mapped[str] = mapped_column(Text)
    made: Mapped[int] = mapped_column(BigInteger)
    #: When they last logged in.
    used: Mapped[int | None] = mapped_column(BigInteger)
    #: As of a token.
    hide: Mapped[str] = mapped_column(Text, server_default="")
    #: When an admin shut them out; None: they may log in.
    disabled: Mapped[int | None] = mapped_column(BigInteger)
    #: The OpenID issuer by which the user logs in, and the user's unique name there (`sub`); None for a user with a password.
    issuer: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    #: As of a token.
    space: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (Index("users_subject", "issuer", "subject", unique=True),)


class BrowserSession(Model):
    """A browser in which somebody has logged in. Its id is known to the browser only."""

    __tablename__ = "sessions"

    #: SHA-256 of the id.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: The user's name, that of the admin included.
    user: Mapped[str] = mapped_column(Text, index=True)
    #: The user's stamp when it began.
    stamp: Mapped[str] = mapped_column(Text)
    #: Where the login came from, and what the browser said it was.
    address: Mapped[str] = mapped_column(Text)
    browser: Mapped[str] = mapped_column(Text)
    made: Mapped[int] = mapped_column(BigInteger)
    #: When it was last used, to the minute.
    used: Mapped[int] = mapped_column(BigInteger)


class UsedLogin(Model):
    """A login that somebody came in by: it opens the server once, whichever process it comes back to."""

    __tablename__ = "oidc_logins"

    #: SHA-256 of the login's state.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: When it came back, in ms since 1970.
    at: Mapped[int] = mapped_column(BigInteger)


class TotpFactor(Model):
    """The second factor of a user, from when they showed that their app has it."""

    __tablename__ = "totp_factors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    #: 128 random bits, of which SECRET_KEY makes the app's secret: this table alone makes no codes.
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    #: When it was turned on, in ms since 1970.
    made: Mapped[int] = mapped_column(BigInteger)
    #: The newest step, of 30 seconds since 1970, whose code was taken: no step's code is taken twice.
    step: Mapped[int] = mapped_column(BigInteger)
    #: Wrong codes since the last right one.
    failures: Mapped[int] = mapped_column(Integer)


class RecoveryCode(Model):
    """A code that stands for one of the app, once."""

    __tablename__ = "recovery_codes"

    #: SHA-256 of the code: 120 random bits need no slow hash.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: The user whose it is.
    name: Mapped[str] = mapped_column(Text)


class Passkey(Model):
    """A key that a user's device keeps, and by which they log in (WebAuthn)."""

    __tablename__ = "passkeys"

    #: SHA-256 of its id.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: The user whose it is.
    name: Mapped[str] = mapped_column(Text, index=True)
    #: The name that its user gave it.
    label: Mapped[str] = mapped_column(Text)
    #: The name of the server for which it was made, and for which alone browsers use it.
    host: Mapped[str] = mapped_column(Text)
    #: Its id and public key (Web Authentication, section 6.5.1).
    public: Mapped[bytes] = mapped_column(LargeBinary)
    #: How often the device says that it was used; 0 where it does not count.
    uses: Mapped[int] = mapped_column(BigInteger)
    made: Mapped[int] = mapped_column(BigInteger)
    used: Mapped[int | None] = mapped_column(BigInteger)


#: The spaces, which app/systems/sql/spaces.py keeps: here names are looked up.
_SPACES = table("spaces", column("name", Text))


def has_space(name: str) -> bool:
    """Return whether there is a space of this name. Raises Unavailable."""
    with transaction() as session:
        return session.scalar(select(_SPACES.c.name).where(_SPACES.c.name == name)) is not None


_CHANGES, _CHANGED = "logingestor.changes", "changed"


def changes_of(app: Flask) -> Changes:
    """Return the sign that what these tables say of who may come in has changed."""
    return cast(Changes, app.extensions[_CHANGES])


def install(app: Flask, settings: Settings) -> None:
    """Give *app* the tables in the record's database; nothing is connected to. Raises InvalidSettings."""
    app.extensions[_CHANGES] = Changes(settings.data_dir)
    url, options = backends.engine(settings)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    # Each question has a connection of its own: they are rare (app/web/accounts/verify.py), and none is kept from others.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {**options, "poolclass": NullPool}
    db.init_app(app)
    # `transaction` closes what it opens. Flask-SQLAlchemy would look for something to close at the end of each request.
    app.teardown_appcontext_funcs.clear()


@contextmanager
def opened(settings: Settings) -> Iterator[None]:
    """Open the tables for a command, which needs no routes. Raises InvalidSettings for another schema, and Unavailable."""
    backends.check_record(settings)
    app = Flask("app.web.accounts")
    install(app, settings)
    with app.app_context():
        yield


@contextmanager
def transaction() -> Iterator[Tables]:
    """Read or write in one transaction, rolled back when the block raises. Raises Unavailable; a taken name is IntegrityError.

    Where it was `marked` all processes are given the sign afterwards, also when nobody knows whether it was committed.
    """
    changed = False
    try:
        yield db.session
        changed = _CHANGED in db.session.info
        db.session.commit()
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise Unavailable(f"the tables of tokens and users can't be used: {error.orig}") from error
    finally:
        # Closes the transaction: one left open would keep the write-ahead log from being folded.
        db.session.remove()
        if changed:
            changes_of(current_app).note()


def mark(session: Tables) -> None:
    """Note that the transaction of *session* changes who may come in."""
    session.info[_CHANGED] = True


@contextmanager
def statements(session: Tables, fault: str) -> Iterator[Transaction]:
    """Write by SQL, in the transaction of *session*, what has no model here. Raises Unavailable, which begins with *fault*."""
    session.flush()
    connection = session.connection()
    driver: Any = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        yield Transaction(cursor, "?" if connection.dialect.name == "sqlite" else "%s")
    except driver.Error as error:
        raise Unavailable(f"{fault}: {error}") from error
    finally:
        cursor.close()
