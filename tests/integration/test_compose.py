"""docker-compose.yml: every combination of profiles, what containers may do, what is mounted, what is asked for."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from assay.worker.backup.deployment_files import pg_dump_line, pg_restore_line
from assay.worker.serving.running import SHORTEST_TOKEN
from tests.compose_file import (
    COMPOSE,
    OURS,
    PROFILES,
    ROOT,
    SERVICES,
    Unusable,
    active,
    compose_program,
    filled,
    in_force,
    mounts,
)
from tests.waiting import PATIENCE_S

ALWAYS = {"broker", "assess", "control", "beat"}
OBSERVABILITY = {"prometheus", "alertmanager", "grafana", "otel-collector", "tempo"}
SET = {
    "GRAFANA_PASSWORD": "g1",
    "POSTGRES_PASSWORD": "p1",
    "ASSAY_COLLECTOR_TOKEN": "c1",
    "ASSAY_SERVE_TOKEN": "s" * SHORTEST_TOKEN,
    "LANGFUSE_PUBLIC_KEY": "pk",
    "LANGFUSE_SECRET_KEY": "sk",
}
CHOICES = [chosen for count in range(len(PROFILES) + 1) for chosen in combinations(PROFILES, count)]
WITHOUT_CLIENT = {"otel-collector"}
"""Their images have nothing that could ask. Prometheus scrapes them."""


def is_check(name: str) -> bool:
    return name.startswith("check-")


@pytest.mark.parametrize("env", [{}, SET], ids=["nothing set", "all set"])
def test_every_choice_of_profiles_runs(env: dict[str, str]) -> None:
    """Whatever is chosen: nobody waits for what is not there, no variable is missing, no check is left alone."""
    for chosen in CHOICES:
        running = active(chosen, env)
        expected = ALWAYS | {f"check-{profile}" for profile in chosen} | set(chosen) - {"observability", "langfuse"}
        assert set(running) == expected | (OBSERVABILITY if "observability" in chosen else set())
        for name in filter(is_check, running):
            waiting = {other for other, service in running.items() if name in service.get("depends_on", {})}
            assert waiting, f"`up --wait` takes an end of {name} for a failure unless somebody waits for it"


def test_a_file_that_compose_refuses_is_refused() -> None:
    """The reading of the tests can fail."""
    with pytest.raises(Unusable, match="A is not set: why"):
        filled("x${A:?why}", {})
    with pytest.raises(Unusable, match="B is not set"):
        filled("${A:-${B}}", {})
    assert filled("$${A} ${A:+<${B:-${C:-d}}>}", {"A": "a"}) == "${A} <d>"


@pytest.mark.skipif(compose_program() is None, reason="Compose is not installed")
@pytest.mark.parametrize("env", [{}, SET], ids=["nothing set", "all set"])
def test_compose_itself_reads_the_file_so(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in env.items()))
    for chosen in [(), *((profile,) for profile in PROFILES), tuple(PROFILES)]:
        options = [f"--profile={profile}" for profile in chosen]
        command = [str(compose_program()), f"--env-file={tmp_path / '.env'}", *options, "config", "--format=json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S, env={})
        assert done.stderr == "", "a variable without a default is warned of"
        services, ours = json.loads(done.stdout)["services"], active(chosen, env)
        assert set(services) == set(ours)
        for name, service in ours.items():
            assert services[name]["image"] == service["image"]
            own = service.get("environment", {})
            assert {key: services[name]["environment"][key] for key in own} == own, name
        if "otel-collector" in services:
            assert services["otel-collector"]["command"] == ours["otel-collector"]["command"].split()


def test_a_secret_of_a_profile_leads_the_fleet_to_what_it_starts() -> None:
    lone, all_set = active((), {})["assess"]["environment"], active((), SET)["assess"]["environment"]
    assert (lone["ASSAY_DATABASE_URL"], lone["OTEL_EXPORTER_OTLP_ENDPOINT"]) == ("", "")
    assert all_set["ASSAY_DATABASE_URL"] == "postgresql://assay:p1@postgres:5432/assay"
    assert all_set["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel-collector:4318"
    own = {"ASSAY_DATABASE_URL": "postgresql://db/x", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://mine:4318"}
    kept = active((), {**SET, **own})["assess"]["environment"]
    assert {name: kept[name] for name in own} == own


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_nothing_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["logging"]["options"] == {"max-size": "20m", "max-file": "5"}
    assert service["restart"] == ("no" if is_check(name) else "unless-stopped")
    if name != "broker":  # its image begins as root, and gives that up itself
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
    if not is_check(name) and name not in WITHOUT_CLIENT:
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:"), "what is published is published to this machine alone"
    for source, target, is_only_read in mounts(service):
        assert is_only_read or source in COMPOSE["volumes"], f"{target} is the host's, and can be written"


def test_published_ports_do_not_meet() -> None:
    ports = [filled(port, {}).split(":")[1] for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == len(set(ports)) == 7


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if service["image"].count("/")])
def test_an_image_of_others_has_a_version_that_can_be_changed(name: str) -> None:
    assert re.fullmatch(r"[\w./-]+:\$\{[A-Z]+_TAG:-v?[0-9][\w.-]*\}", SERVICES[name]["image"])


def test_no_secret_stands_in_the_file() -> None:
    words = re.compile(r"(PASSWORD|TOKEN|SECRET|KEY)$")
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if words.search(key):
                assert re.fullmatch(r"|\$\{[A-Z_]+:-\}", value), f"{name}: {key}"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_not_told_the_passwords_of_others(name: str) -> None:
    """All of .env reaches them."""
    environment = active(PROFILES, SET)[name]["environment"]
    assert (environment["GRAFANA_PASSWORD"], environment["POSTGRES_PASSWORD"]) == ("", "")


def test_no_variable_is_asked_for_where_its_profile_does_not_run() -> None:
    """Compose reads all of the file, whatever the profiles are: `:?` would stop those who never asked for Grafana."""
    assert ":?" not in json.dumps(COMPOSE)


class Healthy(BaseHTTPRequestHandler):
    """Answers a path with 200, every other with 404."""

    path_known = "/-/healthy"

    def do_GET(self) -> None:
        self.send_response(200 if self.path == self.path_known else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Quiet."""


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "grafana"])
def test_a_health_check_by_wget_tells_well_from_ill(name: str) -> None:
    """Theirs have BusyBox' wget, which knows these options, too."""
    kind, *command = SERVICES[name]["healthcheck"]["test"]
    assert kind == "CMD"
    path = urlsplit(command[-1]).path
    for known, code in ((path, 0), ("/other", 8)):
        handler = type("Handler", (Healthy,), {"path_known": known})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            address = f"http://127.0.0.1:{server.server_port}{path}"
            done = subprocess.run([*command[:-1], "-t", "1", address], check=False, timeout=PATIENCE_S)
            server.shutdown()
            thread.join()
        assert done.returncode == code


@pytest.mark.skipif(shutil.which("pg_isready") is None, reason="pg_isready is not installed")
def test_the_health_check_of_postgres_is_understood() -> None:
    _, *command = SERVICES["postgres"]["healthcheck"]["test"]
    done = subprocess.run([*command, "--port=1"], check=False, timeout=PATIENCE_S)
    assert done.returncode == 2, "nobody answers; 3 would be options that it does not know"


KEYS = ("pagerduty_routing_key", "slack_webhook_url")


def looked(profile: str, tmp_path: Path, env: Mapping[str, str], keys: tuple[str, ...] = KEYS) -> tuple[int, str]:
    """The check of a profile, run as its service runs it, over folders as they are mounted."""
    service = in_force(SERVICES[f"check-{profile}"], env)
    script = {target: source for source, target, _ in mounts(service)}["/check-profile.sh"]
    command = [str(ROOT / script) if part == "/check-profile.sh" else part for part in service["entrypoint"]]
    alertmanager, config = tmp_path / "alertmanager", tmp_path / "config"
    (alertmanager / "secrets").mkdir(parents=True)
    config.mkdir()
    shutil.copy(ROOT / "deploy" / "alertmanager" / "alertmanager.yml", alertmanager)
    for key in keys:
        (alertmanager / "secrets" / key).write_text("")
    (config / "assay.yaml").write_text(env.get("ASSAY_YAML", "store: {kind: langfuse}\n"))
    places = {"ALERTMANAGER_FOLDER": str(alertmanager), "ASSAY_CONFIG_DIR": str(config), "PATH": "/usr/bin:/bin"}
    given = {**places, **service["environment"]}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    return done.returncode, done.stderr


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_with_what_it_needs_is_let_through(profile: str, tmp_path: Path) -> None:
    assert looked(profile, tmp_path, SET) == (0, "")


@pytest.mark.parametrize(
    ("profile", "named"),
    [
        ("observability", "GRAFANA_PASSWORD"),
        ("postgres", "POSTGRES_PASSWORD"),
        ("collector", "ASSAY_COLLECTOR_TOKEN"),
        ("serve", "ASSAY_SERVE_TOKEN"),
        ("langfuse", "LANGFUSE_SECRET_KEY"),
    ],
)
def test_what_is_missing_is_named(profile: str, named: str, tmp_path: Path) -> None:
    code, told = looked(profile, tmp_path, {name: value for name, value in SET.items() if name != named})
    assert code == 1
    assert told.startswith(f"profile {profile}: {named} is not set: put ")


def test_a_key_of_alertmanager_that_is_missing_is_named(tmp_path: Path) -> None:
    """Alertmanager begins without it, and then nobody is told of anything."""
    code, told = looked("observability", tmp_path, SET, KEYS[:1])
    assert (code, told.count("\n")) == (1, 1)
    assert "write it into deploy/alertmanager/secrets/slack_webhook_url" in told


def test_a_password_that_no_address_can_hold_is_refused(tmp_path: Path) -> None:
    code, told = looked("postgres", tmp_path, {"POSTGRES_PASSWORD": "a@b/c"})
    assert code == 1
    assert "letters and digits alone" in told
    assert "a@b/c" not in told


@pytest.mark.parametrize(("token", "word"), [("s" * (SHORTEST_TOKEN - 1), "shorter than 16"), (" " * 20, "not set")])
def test_a_token_that_the_page_would_refuse_for_ever_is_refused_first(token: str, word: str, tmp_path: Path) -> None:
    code, told = looked("serve", tmp_path, {"ASSAY_SERVE_TOKEN": token})
    assert (code, told.count("\n")) == (1, 1)
    assert word in told
    assert "openssl rand" in told
    assert token not in told


@pytest.mark.parametrize(
    "name",
    [
        "docker-compose.yml",
        "deploy/config/assay.yaml",
        "docs/how-to/run-on-several-machines.md",
        "docs/how-to/run-with-compose.md",
    ],
)
def test_the_recipe_of_init_does_not_wait_for_the_check_that_asks_for_it(name: str) -> None:
    """With `langfuse` in COMPOSE_PROFILES, control waits for a check of the file that `init` is to write."""
    assert "check-langfuse" in active(["langfuse"], SET)["control"]["depends_on"]
    recipes = re.findall(r"docker compose run ([^`\n]*) control init", (ROOT / name).read_text(encoding="utf-8"))
    assert recipes
    assert all("--no-deps" in recipe.split() for recipe in recipes)


PLACES = re.compile(r"--(?:file|dbname|username)=")
"""Where a dump comes from and goes to, e.g. `--dbname=assay`."""


def test_the_record_is_copied_in_its_container_as_the_backup_says() -> None:
    """The printed lines name a host that only containers reach, and our image has no PostgreSQL."""
    url = SecretStr(active(["postgres"], SET)["control"]["environment"]["ASSAY_DATABASE_URL"])
    printed = {line.split()[0]: line for line in (pg_dump_line(url), pg_restore_line(url))}
    pages = [ROOT / "docs" / "how-to" / f"{name}.md" for name in ("run-with-compose", "back-up-and-restore")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages).replace("\\\n", " ")
    shown = re.findall(r"docker compose [^`\n]*exec ([^`\n]*)postgres (pg_(?:dump|restore)) ([^`\n<>]*)[<>]", text)
    assert "pg_dump" in {program for _, program, _ in shown}
    for options, program, rest in shown:
        assert "-T" in options.split(), "a terminal changes the bytes of a dump"
        assert {"--username=assay", "--dbname=assay"} <= set(rest.split())
        assert _what(shlex.split(rest)) == _what(shlex.split(printed[program])[1:])


def _what(words: list[str]) -> set[str]:
    """What is copied and how, of a dump's options."""
    return {word for word in words if word.startswith("--") and not PLACES.match(word)}


@pytest.mark.parametrize("text", ["store: {kind: sqlite}\n", "# store: {kind: langfuse}\n"])
def test_langfuse_is_not_taken_for_read_where_it_is_not(text: str, tmp_path: Path) -> None:
    code, told = looked("langfuse", tmp_path, {**SET, "ASSAY_YAML": text})
    assert code == 1
    assert "assay.yaml reads no Langfuse" in told
