"""The compose file is one that Docker understands, and it publishes nothing to the network by itself."""

from pathlib import Path

from ruamel.yaml import YAML

from tests.architecture.checkers import complaints

SECRET_ENDINGS = ("PASSWORD", "PASSPHRASE", "TOKEN", "_URL")


def test_the_compose_file_follows_the_specification(checkout: Path) -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    assert complaints(checkout, "check-jsonschema", *schema, "docker-compose.yml") == ""


def test_every_published_port_is_of_this_machine_alone(checkout: Path) -> None:
    services = YAML(typ="safe").load(checkout / "docker-compose.yml")["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_secret_has_a_default(checkout: Path) -> None:
    services = YAML(typ="safe").load(checkout / "docker-compose.yml")["services"]
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if name.removesuffix("_FILE").endswith(SECRET_ENDINGS):
                assert name.endswith("_FILE"), f"{name} has to come from a file"
                assert str(value).startswith("/run/secrets/")
