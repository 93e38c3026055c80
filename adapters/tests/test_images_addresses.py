"""Which addresses are public."""

from ipaddress import ip_address

import pytest

from adapters.images.addresses import is_public, parsed


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "203.0.114.1",
        "2606:4700::1111",
        "2a00:1450:4001::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1"],
        *["172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "169.254.169.254"],
        *["192.0.0.1", "192.0.0.9", "192.0.0.170", "192.0.2.1", "198.51.100.1", "203.0.113.1"],
        *["198.18.0.1", "192.88.99.1", "192.31.196.1", "192.175.48.1", "224.0.0.1", "239.1.1.1"],
        *["240.0.0.1", "255.255.255.255"],
        *["::", "::1", "::7f00:1", "::8.8.8.8", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1"],
        *["fd00:ec2::254", "ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "5f00::1"],
        *["2001::1", "2001:0:808:808::1", "2001:10::1", "2001:20::1", "4000::1", "e000::1"],
        *["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:7f00:1"],
        *["64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "64:ff9b::e000:1"],
        *["2002:7f00:1::1", "2002:a00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1"],
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "1.2.3.4.5"])
def test_no_address(text: str) -> None:
    assert parsed(text) is None
