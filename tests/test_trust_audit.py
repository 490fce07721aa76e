"""Whether the look-up of known weaknesses tells "could not ask" from "asked"; a TLS server here stands in."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    module = importlib.import_module("audit")
    monkeypatch.setattr(module, "SOURCE", "localhost")
    return module


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, Path]]:
    """The port of an encrypting server, and its certificate."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(make, check=True, capture_output=True)
    serve = ["openssl", "s_server", "-4", "-accept", "0", "-cert", str(certificate), "-key", str(key)]
    with subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = next(m for line in server.stdout if (m := re.match(r"ACCEPT .*:(\d+)$", line)))
            yield int(found[1]), certificate
        finally:
            server.kill()


def test_a_source_that_answers_is_reachable_and_one_that_has_gone_is_said_in_one_line(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path) as (port, certificate):
        monkeypatch.setattr(audit, "PORT", port)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert audit.reachable()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "key.pem"))  # somebody between, whom nobody vouches for
        assert not audit.reachable()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert not audit.reachable()
    assert audit.main() == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 1 and "nothing was looked up" in told[0] and told[0].endswith("This is no pass.")


def test_a_source_that_answers_has_its_verdict_told_by_the_exit_code(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip and pip-audit, which would have to be fetched, are stood in for by their exit codes."""
    monkeypatch.setattr(audit, "reachable", lambda: True)
    monkeypatch.setattr(audit.venv, "create", lambda folder, with_pip: None)
    for verdict in (0, 1):
        asked: list[list[str]] = []

        def stand_in(command: list[str], *, verdict: int = verdict, asked: list[list[str]] = asked, **_kept: object):
            asked.append(command)
            return subprocess.CompletedProcess(command, verdict if "pip_audit" in command else 0)

        monkeypatch.setattr(audit.subprocess, "run", stand_in)
        assert audit.main() == verdict
        assert "--require-hashes" in asked[-1]
