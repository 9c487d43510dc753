"""Which addresses are public: a table of every kind that is not, in all their disguises."""

import pytest

from bookkeeping.fetching.addresses import is_public

PRIVATE = [
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *(
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
    ),
    *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *(
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
    ),
    *("2001:0:0:0:0:0:5601:5601", "2001:db8::1", "localhost", "", "1", "0x7f000001"),
    # Azure's own services, the old site-local networks, NAT64 of one's own, and IPv4 written as IPv6 in two old ways.
    *("168.63.129.16", "fec0::1", "64:ff9b:1::a00:1", "::127.0.0.1", "::a00:1", "::ffff:0:127.0.0.1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_own_networks_and_metadata_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_anybody_can_reach_is_public(address):
    assert is_public(address)
