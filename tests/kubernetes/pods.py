"""Pods as the kubelet makes them, for one machine: the manifests' own commands, variables, volumes and probes.

Each pod has an address of its own below 127.0.0.0/8, so that all may listen at the ports that the manifests name. Each
run has a network of its own: with fixed addresses a span for one run's collector went to that of another.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scraping import Reply, asked
from tests.waiting import until

Texts = Mapping[str, Mapping[str, str]]
"""Secrets or ConfigMaps: their content by name and key."""

ANY_ADDRESS = "0.0.0.0"
"""What processes listen at in a container."""

GUARD_PORT = 20_001
"""Who listens here at a network's first address has the network."""

_generation = itertools.count(1)


@dataclass
class Cluster:
    """What manifests refer to, and the folder in which volumes lie.

    A claim is one folder for all pods, which then run on one node.
    """

    folder: Path
    secrets: Texts
    config_maps: dict[str, Mapping[str, str]]
    overridden: Mapping[str, str] = field(default_factory=dict)


class Pod:
    """One pod of a Deployment, with one container."""

    def __init__(self, deployment: Mapping[str, Any], cluster: Cluster, address: str) -> None:
        self.name: str = deployment["metadata"]["name"]
        self.address = address
        self._spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
        self.container: dict[str, Any] = self._spec["containers"][0]
        self._cluster = cluster
        self._places = {mount["mountPath"]: self._volume(mount["name"]) for mount in self.container["volumeMounts"]}
        self._process: subprocess.Popen[bytes] | None = None
        self.log = cluster.folder / f"{self.name}.log"

    @property
    def environment(self) -> dict[str, str]:
        """Its variables. Mounted paths are where the volumes lie here, and 0.0.0.0 is the pod's address."""
        given: dict[str, str] = {}
        for source in self.container.get("envFrom", ()):
            given |= self._cluster.secrets[source["secretRef"]["name"]]
        for variable in self.container["env"]:
            given[variable["name"]] = self._value(variable)
        return {**given, **self._cluster.overridden}

    def start(self) -> None:
        """Run its command, which is `assay`, with its variables and no other of ours."""
        self.project()
        arguments: list[str] = self.container["args"]
        assert self.container["command"] == ["assay"]
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}  # noqa: TID251  # of a child
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "assay.worker.cli", *arguments],
                cwd=self._cluster.folder,
                env={**inherited, **self.environment},
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        """SIGTERM, and its exit code, which must come within the grace period."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(self._spec["terminationGracePeriodSeconds"])
        self._process = None
        return code

    def kill(self) -> None:
        """End it if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def probe(self, kind: str) -> Reply:
        """Ask what a probe asks, e.g. `readinessProbe`."""
        asks = self.container[kind]["httpGet"]
        return asked(f"{self.url(asks['port'])}{asks['path']}")

    def await_probe(self, kind: str, status: int = 200) -> None:
        """Wait until a probe has this answer."""

        def answers() -> bool:
            assert self._process is None or self._process.poll() is None, self.told()
            try:
                return self.probe(kind).status == status
            except OSError:
                return False

        until(answers, told=self.told, every_s=0.2)

    def port(self, name: str) -> int:
        """A port by its name."""
        ports: dict[str, int] = {each["name"]: each["containerPort"] for each in self.container["ports"]}
        return ports[name]

    def scrape(self) -> str:
        """What Prometheus gets."""
        return asked(f"{self.url('metrics')}/metrics").text

    def url(self, port: str) -> str:
        """Where a port of that name answers, e.g. `http://127.77.3.2:9464`."""
        return f"http://{self.address}:{self.port(port)}"

    def told(self) -> str:
        """Its log."""
        return self.log.read_text() if self.log.exists() else ""

    def project(self) -> None:
        """Write its projected volumes, or write them anew after ConfigMaps have changed."""
        for volume in self._spec["volumes"]:
            if "projected" in volume:
                self._exchange(self._volume(volume["name"]), self._projected(volume["projected"]["sources"]))

    def _volume(self, name: str) -> Path:
        (volume,) = [each for each in self._spec["volumes"] if each["name"] == name]
        is_shared = "persistentVolumeClaim" in volume
        folder = self._cluster.folder / "volumes" / (name if is_shared else f"{self.name}-{name}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _value(self, variable: Mapping[str, Any]) -> str:
        if "valueFrom" in variable:
            if "fieldRef" in variable["valueFrom"]:
                return self.name
            reference = variable["valueFrom"]["secretKeyRef"]
            return self._cluster.secrets[reference["name"]][reference["key"]]
        value: str = variable["value"]
        return self.address if value == ANY_ADDRESS else str(self._places.get(value, value))

    def _projected(self, sources: list[dict[str, Any]]) -> dict[str, str]:
        """Path and content of each file."""
        files: dict[str, str] = {}
        for source in sources:
            kind, reference = next(iter(source.items()))
            content = (self._cluster.config_maps if kind == "configMap" else self._cluster.secrets)[reference["name"]]
            files |= {item["path"]: content[item["key"]] for item in reference["items"]}
        return files

    def _exchange(self, folder: Path, files: Mapping[str, str]) -> None:
        """As the kubelet does: a new folder, one link to it that is exchanged at once, and links to its entries."""
        new = folder / f"..{next(_generation):04}"
        for path, text in files.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            (new / path).write_text(text)
        link, before = folder / "..data", (folder / "..data").resolve()
        temporary = folder / "..data_tmp"
        temporary.symlink_to(new.name)
        temporary.rename(link)
        for entry in new.iterdir():
            if not (folder / entry.name).is_symlink():
                (folder / entry.name).symlink_to(Path("..data") / entry.name)
        if before != link and before.is_dir():
            shutil.rmtree(before)


@contextmanager
def own_network() -> Iterator[str]:
    """The first three numbers of addresses that no other test of this machine has, e.g. `127.77.3`."""
    first = os.getpid()
    for number in range(first, first + 1000):
        network = f"127.{64 + number % 128}.{number // 128 % 256}"
        with socket.socket() as guard:
            try:
                guard.bind((f"{network}.1", GUARD_PORT))
            except OSError:
                continue
            guard.listen()
            yield network
            return
    raise AssertionError("no network is free")


@contextmanager
def running_pods(
    manifests: list[dict[str, Any]], cluster: Cluster, *, held: Collection[str] = ()
) -> Iterator[dict[str, Pod]]:
    """A pod of each Deployment, by the Deployment's name, started. Whatever still runs in the end is killed.

    Args:
        manifests: with the Deployments.
        cluster: what they refer to.
        held: Deployments whose pods the test starts itself.
    """
    deployments = [each for each in manifests if each["kind"] == "Deployment"]
    with own_network() as network:
        pods = {
            each["metadata"]["name"]: Pod(each, cluster, f"{network}.{n + 2}") for n, each in enumerate(deployments)
        }
        try:
            for name, pod in pods.items():
                if name not in held:
                    pod.start()
            yield pods
        finally:
            for pod in pods.values():
                pod.kill()


def await_all(pods: Mapping[str, Pod], kind: str, status: int = 200) -> None:
    """Wait until a probe of all pods has this answer."""
    for pod in pods.values():
        pod.await_probe(kind, status)
