"""Which IP addresses may be asked when a person typed the name. Pure; that a name leads there is looked at by the connection (`bounded.py`)."""

import ipaddress

_NOBODYS = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("168.63.129.16/32"))
"""For carriers' own ends of lines and Oracle's metadata, and Azure's own services: Python calls them global."""

_GIVEN_OUT = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is the internet's. Elsewhere are own networks, the old site-local ones too, and further disguises of IPv4."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Return whether an IP address may be asked: none of this machine, its network, its cloud's metadata, or an IPv6 disguise of those."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner: ipaddress.IPv4Address | None = (
            found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        )
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        return found in _GIVEN_OUT and found.is_global
    return found.is_global and not found.is_multicast and not any(found in one for one in _NOBODYS)
