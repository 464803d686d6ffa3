"""`make sbom`: writes a CycloneDX document of what a deployment installs.

It depends only on requirements/runtime.txt and pyproject.toml: the same files give the same bytes.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).resolve().parents[2]
SCHEMA = SchemaVersion.V1_6
# The extras that requirements/runtime.txt is compiled with.
_EXTRAS = ("http", "worker", "flower", "sandbox", "tracing")
_PIN = re.compile(r"^(?P<pin>[a-z0-9][^\\\n]*)(?P<hashes>(?:\\\n\s+--hash=\S+\s*)+)", re.MULTILINE)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the document to the given file. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.targets.sbom", description=__doc__)
    parser.add_argument("output", type=Path)
    output: Path = parser.parse_args(argv).output
    text = document(
        (_ROOT / "requirements" / "runtime.txt").read_text(), (_ROOT / "pyproject.toml").read_text()
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text)
    sys.stderr.write(f"sbom: {output}\n")
    return 0


def document(requirements: str, pyproject: str) -> str:
    """The document for pinned requirements with hashes and the project's own metadata.

    Raises ValueError if it would not be valid CycloneDX.
    """
    project = tomllib.loads(pyproject)["project"]
    root = Component(
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        name=project["name"],
        version=project["version"],
        description=project["description"],
        licenses=[DisjunctiveLicense(id=project["license"])],
    )
    components = {one.name: one for one in _components(requirements)}
    bom = Bom(components=components.values())
    bom.metadata.component = root
    direct = {canonicalize_name(each.name) for each in _direct_requirements(project)}
    bom.register_dependency(root, [one for name, one in components.items() if name in direct])
    # The current time and a random number would make every document different.
    bom.metadata.timestamp = None  # type: ignore[assignment]
    bom.serial_number = uuid5(NAMESPACE_URL, requirements + pyproject)
    text = make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2) + "\n"
    if error := JsonStrictValidator(SCHEMA).validate_str(text):
        raise ValueError(f"not valid CycloneDX {SCHEMA.to_version()}: {error}")
    return text


def _components(requirements: str) -> Iterator[Component]:
    for found in _PIN.finditer(requirements):
        requirement = Requirement(found["pin"].strip())
        (pin,) = requirement.specifier
        purl = PackageURL("pypi", None, requirement.name, pin.version)
        # One hash for each file that may be installed; which one depends on the machine.
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(str(purl)),
            hashes=_hashes(found["hashes"]),
        )
        yield Component(
            type=ComponentType.LIBRARY,
            bom_ref=str(purl),
            name=requirement.name,
            version=pin.version,
            purl=purl,
            external_references=[files],
            properties=[Property(name="marker", value=str(requirement.marker))]
            if requirement.marker
            else (),
        )


def _hashes(text: str) -> list[HashType]:
    return [
        HashType(alg=HashAlgorithm.SHA_256, content=each)
        for each in re.findall(r"--hash=sha256:(\S+)", text)
    ]


def _direct_requirements(project: dict[str, object]) -> Iterator[Requirement]:
    optional: dict[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]
    needed: list[str] = project["dependencies"]  # type: ignore[assignment]
    for each in [*needed, *(one for extra in _EXTRAS for one in optional[extra])]:
        yield Requirement(each)


if __name__ == "__main__":
    sys.exit(main())
