"""Certificates of a test's own, by the openssl command: an authority, and what it certifies."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

OPENSSL = shutil.which("openssl")
"""None where it is not installed; on Debian it comes with ca-certificates."""

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Authority:
    """Certifies names; its own certificate is `file`."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    @classmethod
    def founded(cls, folder: Path) -> Authority:
        extensions = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
        _openssl(folder, "req", "-x509", *_KEY, "-keyout", "authority.key", "-out", "authority.pem", "-days", "2",
                 "-subj", "/CN=An authority of the tests", *extensions)  # fmt: skip
        return cls(folder)

    def certified(self, name: str, *, days: int = 2, by_itself: bool = False) -> ssl.SSLContext:
        """What a server of that name needs. With `days` below 0 the certificate has expired; `by_itself`: no authority
        signed it."""
        folder = self.folder
        _openssl(folder, "req", *_KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={name}")
        (folder / "extensions").write_text(f"subjectAltName=DNS:{name}\n")
        signer = ("-signkey", "server.key") if by_itself else ("-CA", "authority.pem", "-CAkey", "authority.key")
        numbered = () if by_itself else ("-CAcreateserial",)
        _openssl(folder, "x509", "-req", "-in", "server.csr", *signer, *numbered, "-days", str(days),
                 "-extfile", "extensions", "-out", "server.pem")  # fmt: skip
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        return context


def _openssl(folder: Path, *arguments: str) -> None:
    assert OPENSSL is not None
    done = subprocess.run([OPENSSL, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
